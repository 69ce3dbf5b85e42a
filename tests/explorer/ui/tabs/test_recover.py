"""The texts of the Recover tab: how far the search is, and what it is compared with."""

from dataclasses import replace

import gradio as gr
import pytest

from explorer import UserError
from explorer.experiments.settings import usual_settings
from explorer.measures.metrics import Metrics
from explorer.reconstruction import Recovery
from explorer.ui.searches import MAX_FRAMES, Search
from explorer.ui.tabs.recover import build, figures_text, point, settings, text

PIXELS = ("linear", "adam", 1e-3, 0, False)


@pytest.fixture(scope="module")
def running(explorer, cat):
    return Recovery(explorer.reconstruct(cat), 0.1234, 40, 12.3, done=False)


@pytest.fixture(scope="module")
def reached(running):
    return point(running)


def test_the_search_says_how_far_it_is(reached):
    assert "<b>Running</b>: step 40, 12 s" in figures_text({}, reached)
    assert "<b>Stopped</b>" in figures_text({}, reached, text.stopped)


def test_only_the_end_of_the_search_is_announced(reached):
    assert "role=" not in figures_text({}, reached)
    assert 'role="status"' in figures_text({}, reached, text.finished)


def test_what_is_recovered_stands_below_its_rivals(reached):
    rivals = {"one flat colour": Metrics(psnr=12.34, lpips=0.9)}
    made = figures_text(rivals, reached)
    assert "feature error <b>0.123</b>" in made
    assert made.index("one flat colour") < made.index("12.34") < made.index("recovered")
    assert f"<td>{reached['psnr']:.2f}</td>" in made and "<td>–</td>" in made
    assert "recovered" not in figures_text(rivals, None)
    assert figures_text({}, None).strip() == ""


def test_the_heading_names_the_layer_and_the_control(running):
    c = running.result.configuration
    assert "VGG16 block1, searched for" in text.heading(c)
    assert "random weights (control)" in text.heading(replace(c, weights="random"))


def test_what_a_search_misses_is_not_said_to_be_lost(running):
    heading = " ".join(text.heading(running.result.configuration).split())
    assert "the features do not tell, or the search has not found it." in heading


def test_of_weights_only_time_restarts_and_seed_are_chosen():
    usual = usual_settings("decoder", 7)
    found = settings(usual, 60, 1, 7, *PIXELS)
    assert (found.learning_rate, found.seconds, found.seed) == (usual.learning_rate, 60, 7)


def test_a_missing_number_is_said():
    with pytest.raises(UserError, match="missing"):
        settings(usual_settings("pixels", 112), 10, 1, 0, "grey", "adam", None, 0, True)


def test_of_a_long_search_first_and_last_picture_are_kept():
    search = Search(None)
    for step in range(500):
        search.keep(step, f"{step}.png")
    assert len(search.frames) <= MAX_FRAMES + 1
    assert (search.frames[0][0], search.frames[-1][0]) == (0, 499)
    steps = [step for step, _ in search.frames]
    assert steps == sorted(set(steps))


def test_a_link_says_where_a_search_begins(explorer):
    with gr.Blocks():
        in_address = build(explorer).in_address
    assert [in_address[key][1](value) for key, value in (("start", "noise"), ("optimiser", "lbfgs"))] == [
        "noise",
        "lbfgs",
    ]
