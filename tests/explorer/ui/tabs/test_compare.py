"""The texts of the Compare tab: what is compared, and who wins."""

from dataclasses import replace

import pytest

from explorer.results.measured import Results
from explorer.ui.tabs import compare
from tests.explorer.ui.tabs.tables import cells


@pytest.fixture(scope="module")
def found(explorer, cat):
    """A deep and a shallow reconstruction of one photo."""
    return [explorer.reconstruct(cat, layer=x, decoder="linear", loss="mse") for x in ("block3", "block1")]


def test_a_way_names_network_layer_decoder_loss_and_the_control(found):
    c = found[0].configuration
    assert "<b>A</b> VGG16 block3, Linear map (MSE)</p>" in compare.text.way("A", c)
    assert "(MSE, random weights)</p>" in compare.text.way("B", replace(c, weights="random"))


def test_the_verdict_says_who_wins_by_how_much_and_what_is_usual(explorer, cat, found):
    a, b = (x.configuration for x in found)
    compared = explorer.compare(cat, a, b)
    header, psnr, *_ = cells(compare.verdict_text(compared))
    usual = compared.verdicts[0]
    assert header[:3] == ["", "A", "B"]
    assert psnr[:2] == ["PSNR", f"{found[0].metrics.psnr:.2f} dB"]
    assert psnr[3:] == ["B", f"{usual.by:.2f} dB", f"{usual.usual:+.2f} ± {usual.spread:.2f}"]
    assert usual.sentence in compare.verdict_text(compared)
    assert compare.verdict_text(None) == ""


def test_two_equal_ways_are_called_equal(explorer, cat, found):
    c = found[0].configuration
    assert cells(compare.verdict_text(explorer.compare(cat, c, c)))[1][3] == "equal"


def test_several_photos_are_named_and_placed_among_the_test_photos(explorer, found):
    named = dict(zip(("<b>.jpg", "cat.jpg"), found, strict=True))
    rows = cells(compare.photos_table(named, explorer.results()))
    assert [row[0] for row in rows[1:]] == ["&lt;b&gt;.jpg", "cat.jpg"]
    assert rows[1][1] == f"{found[0].metrics.psnr:.2f}" and rows[1][-1].endswith("%")
    assert cells(compare.photos_table(named, Results()))[1][-1] == "not measured"
