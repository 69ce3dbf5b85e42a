"""The texts of the Depth tab: which layer is shown, and what a line of the curves is called."""

from dataclasses import replace

import pytest

from explorer.configurations import Configuration
from explorer.ui.tabs import depth

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
