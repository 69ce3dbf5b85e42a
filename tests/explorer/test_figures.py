import pytest

from explorer.encoders import ENCODERS
from explorer.figures import COLOUR_OF, SYMBOL_OF, by_layer, perception_distortion, quality_and_cost


def row(layer, decoder="linear", psnr=20.0, architecture="vgg16", weights="imagenet"):
    return {
        **{"architecture": architecture, "layer": layer, "decoder": decoder, "loss": "mse"},
        **{"weights": weights, "parameters": 1000, "milliseconds": 2.0},
        "mean": {"psnr": psnr, "ssim": 0.5, "lpips": 0.4, "mse": 0.01},
        "ci95": {"psnr": [psnr - 1, psnr + 2], "ssim": [0.4, 0.6], "lpips": [0.3, 0.5], "mse": [0, 1]},
    }


BLUR = [{"baseline": "blur", "size": 112, "mean": {"psnr": 30.0}}]


def test_layers_run_from_shallow_to_deep_with_their_intervals():
    figure = by_layer([row("block3", psnr=18), row("block1", psnr=25)], BLUR)
    line = figure.data[0]
    assert list(line.x) == ["block1", "block3"] and list(line.y) == [25, 18]
    assert list(line.error_y.array) == [2, 2] and list(line.error_y.arrayminus) == [1, 1]


def test_blur_of_the_same_grid_stands_beside_them():
    figure = by_layer([row("block1"), row("block2")], BLUR)
    assert figure.data[-1].name == "blur of the same grid"
    assert list(figure.data[-1].x) == ["block1"] and list(figure.data[-1].y) == [30.0]


def test_rows_of_two_architectures_are_not_one_line():
    with pytest.raises(ValueError, match="share architecture"):
        by_layer([row("block1"), row("conv1", architecture="alexnet")], BLUR)


def test_controls_have_open_symbols_and_architectures_their_colour():
    rows = [row("block1"), row("block1", weights="random"), row("conv1", architecture="alexnet")]
    for figure in (perception_distortion(rows), quality_and_cost(rows)):
        vgg, alexnet = figure.data
        assert list(vgg.marker.symbol) == ["circle", "circle-open"]
        assert (vgg.marker.color, alexnet.marker.color) == (COLOUR_OF["vgg16"], COLOUR_OF["alexnet"])


def test_no_two_architectures_share_a_colour_and_no_two_decoders_a_symbol():
    assert len({COLOUR_OF[name] for name in ENCODERS}) == len(ENCODERS)
    assert len(set(SYMBOL_OF.values())) == len(SYMBOL_OF)
