"""The templates: all can be read, and nothing that they are given becomes markup."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from explorer.configurations import Configuration
from explorer.ui.texts import filters, texts

NAMES = sorted(path.stem for path in Path(filters.__file__).parent.glob("*.html"))
EVIL = "<script>'\"&"
SAFE = "&lt;script&gt;&#39;&#34;&amp;"


@pytest.mark.parametrize("name", NAMES)
def test_every_template_can_be_read(name):
    assert texts(name)


def test_what_a_visitor_typed_stays_text():
    common = texts("common")
    for made in (
        common.alert(EVIL),
        common.note(EVIL),
        common.address(EVIL),
        common.waiting(EVIL),
        common.table([EVIL], [[EVIL, EVIL]]),
        texts("compare").heading(EVIL),
        texts("recover").figures([], {EVIL: {}}, None, ""),
    ):
        assert SAFE in made and "<script" not in made


def test_what_a_checkpoint_or_a_credit_says_stays_text():
    c = Configuration("vgg16", "block1", "linear", EVIL)
    controls = texts("controls")
    for made in (
        controls.not_on_offer([c]),
        controls.credits([dict.fromkeys(("file", "author", "licence", "source", "changes"), EVIL)]),
        texts("compare").way("A", c),
        texts("recover").by(c),
    ):
        assert SAFE in made and "<script" not in made


def test_markup_that_a_template_made_is_not_escaped_again():
    common = texts("common")
    assert "&amp;amp;" not in common.table(["&"], [[common.note("&")]])
    assert common.note("&") in common.table([], [[common.note("&")]])


def test_a_term_is_marked_where_prose_explains_it_and_nothing_else_is():
    assert filters.with_terms("a *b c* <i>d</i>") == "a <dfn>b c</dfn> &lt;i&gt;d&lt;/i&gt;"
    assert filters.terms("its *filters*, a *feature map*") == ["filters", "feature map"]


def test_a_note_of_nothing_is_nothing():
    assert texts("common").note("") == ""


def test_what_a_template_is_not_given_is_an_error():
    with pytest.raises(UndefinedError):
        texts("common").alert()


def test_the_fit_says_how_far_it_is():
    made = texts("common").fitting(0.25)
    assert '<progress max="1" value="0.25">25%</progress>' in made
    assert texts("common").busy in made


def test_what_is_not_on_offer_is_counted_and_named():
    c = Configuration("vgg16", "block1", "wavelet", "mse")
    made = texts("controls").not_on_offer([c])
    assert "Not on offer at this layer (1)" in made
    assert "Wavelet (MSE)</li>" in made
    assert texts("controls").not_on_offer([]) == ""
