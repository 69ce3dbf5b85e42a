"""The texts of the Depth tab: which layer is shown, and what a line of the curves is called."""

from dataclasses import replace

import gradio as gr
import pytest

from explorer.configurations import Configuration
from explorer.ui.tabs import depth
from explorer.ui.views import Question

LINEAR = Configuration("vgg16", "block1", "linear", "mse")


@pytest.fixture(scope="module")
def found(explorer, cat):
    """A deep and a shallow reconstruction of one photo."""
    return [explorer.reconstruct(cat, layer=x, decoder="linear", loss="mse") for x in ("block3", "block1")]


def test_depth_names_the_layer_that_is_shown_and_its_figure(found):
    made = depth.depth_title(found, 1)
    assert "VGG16 block1, depth 2 of 2" in made
    assert f"112×112 places × 64 channels · {found[1].metrics.psnr:.2f} dB" in made
    assert depth.depth_caption(found[0]) == f"block3 {found[0].metrics.psnr:.2f} dB"
    assert "Choose an example" in depth.depth_title([])


def test_an_overlay_says_when_the_weights_are_random():
    assert depth.series_label(LINEAR) == "VGG16 · Linear map (mse)"
    assert depth.series_label(replace(LINEAR, weights="random")).endswith("(mse, random weights)")


@pytest.mark.parametrize(
    ("number", "stood", "moved"),
    [(1, 1, True), (5, 1, False), (3, 1, False)],
    ids=["another control moves it", "it is ahead of the answer", "it is there already"],
)
def test_the_slider_is_never_moved_under_the_pointer_of_who_drags_it(explorer, cat, number, stood, moved):
    with gr.Blocks(), gr.Tabs(), gr.Tab():
        step, *_ = depth.build(explorer).steps
    photo, asked = explorer.photo(cat), Configuration("vgg16", "block3", "linear", "mse")
    slider, _, placed = step.memory
    update = step.show(Question("depth", photo, asked), [], number, explorer.depth(photo, asked), stood)
    assert (slider in update) == moved
    assert update[placed] == 3
