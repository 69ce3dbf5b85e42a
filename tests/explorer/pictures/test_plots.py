from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageColor

from explorer.configurations import Configuration
from explorer.decoders import LOSSES
from explorer.encoders.table import ENCODERS
from explorer.folders import BUNDLED
from explorer.measures.baselines import blur_metrics
from explorer.photos.tensors import to_tensor
from explorer.pictures.plots import (
    COLOUR_OF,
    PALETTE,
    SYMBOL_OF,
    by_decoder,
    by_layer,
    by_size,
    depth_curves,
    perception_distortion,
    published_beside_ours,
    quality_and_cost,
    recovery_curve,
    significance_matrix,
    surgery_curve,
)
from explorer.pictures.plots.style import INK
from explorer.results.measured import Results, Significance
from explorer.results.published import beside_ours
from explorer.results.rows import Row

LIGHT, DARK = "#ffffff", "#1f1d1b"  # the grounds of the app's two themes


def row(layer, decoder="linear", psnr=20.0, architecture="vgg16", weights="imagenet", blur=None):
    return Row(
        Configuration(architecture, layer, decoder, "mse", weights),
        mean={"psnr": psnr, "ssim": 0.5, "lpips": 0.4, "mse": 0.01},
        std={},
        ci95={"psnr": (psnr - 1, psnr + 2)},
        per_image={},
        blur=blur or {},
        size=112,
        channels=64,
        parameters=1000,
        milliseconds=2.0,
    )


def of_block1(results):
    """The rows of VGG16 block1 alone."""
    found = results.select("vgg16", layer="block1", weights="imagenet")
    return [row for row in found if not row.fused]


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


@pytest.fixture(scope="module")
def depths(explorer, cat):
    """Depth sweeps of one photo with the linear decoder, and the photo's blurs on their grids."""
    sweeps = {
        name: explorer.depth(cat, architecture=name, decoder="linear") for name in ("vgg16", "dinov2_small")
    }
    original01 = to_tensor(sweeps["vgg16"][0].original)
    blurs = {size: blur_metrics(original01, size) for size in (112, 56, 28, 14, 7, 16)}
    return {name: [x.to_dict() for x in sweep] for name, sweep in sweeps.items()}, blurs


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2)."""
    light = []
    for colour in (one, other):
        channels = np.array(ImageColor.getrgb(colour)) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ (0.2126, 0.7152, 0.0722)) + 0.05)
    return max(light) / min(light)


def named(figure, name: str):
    """The only trace with this name."""
    [trace] = [trace for trace in figure.data if trace.name == name]
    return trace


def test_layers_run_from_shallow_to_deep_with_their_intervals():
    figure = by_layer([row("block3", psnr=18), row("block1", psnr=25)])
    line = figure.data[0]
    assert list(line.x) == ["block1", "block3"] and list(line.y) == [25, 18]
    assert list(line.error_y.array) == [2, 2] and list(line.error_y.arrayminus) == [1, 1]


def test_blur_of_the_same_grid_stands_beside_them():
    figure = by_layer([row("block1", blur={"psnr": 30.0}), row("block2")])
    assert figure.data[-1].name == "blur of the same grid"
    assert list(figure.data[-1].x) == ["block1"] and list(figure.data[-1].y) == [30.0]


def test_rows_of_two_architectures_are_not_one_line():
    with pytest.raises(ValueError, match="share architecture"):
        by_layer([row("block1"), row("conv1", architecture="alexnet")])


def test_controls_have_open_symbols_and_architectures_their_colour():
    rows = [row("block1"), row("block1", weights="random"), row("conv1", architecture="alexnet")]
    for figure in (perception_distortion(rows), quality_and_cost(rows)):
        vgg, alexnet = figure.data
        assert list(vgg.marker.symbol) == ["circle", "circle-open"]
        assert (vgg.marker.color, alexnet.marker.color) == (COLOUR_OF["vgg16"], COLOUR_OF["alexnet"])


def test_rows_whose_cost_was_not_measured_are_left_out():
    priced, unknown = row("block1"), replace(row("block2"), parameters=None)
    assert list(quality_and_cost([priced, unknown]).data[0].x) == [1000]


def test_no_two_architectures_share_a_colour_and_no_two_decoders_a_symbol():
    assert len({COLOUR_OF[name] for name in ENCODERS}) == len(ENCODERS)
    assert len(set(SYMBOL_OF.values())) == len(SYMBOL_OF)


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_ink_and_colours_stand_out_on_both_grounds(ground):
    assert contrast(INK, ground) > 4
    assert all(contrast(colour, ground) > 1.9 for colour in PALETTE)


def test_figures_are_transparent_take_the_width_of_the_page_and_have_their_legend_below(results, depths):
    series, blurs = depths
    figures = [
        by_size(results.select(decoder="linear")),
        by_decoder(of_block1(results)),
        depth_curves([series["vgg16"]], blurs),
    ]
    for figure in figures:
        layout = figure.layout
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
        assert layout.font.color == INK and layout.width is None and layout.autosize
        assert layout.legend.orientation == "h" and layout.legend.y < 0


def test_depth_of_one_network_stands_above_its_layers_and_their_grids(depths):
    series, blurs = depths
    figure = depth_curves([series["vgg16"]], blurs)
    curves = [trace for trace in figure.data if trace.name == "Linear map (MSE)"]
    assert [list(c.x) for c in curves] == [["block1", "block2", "block3", "block4", "block5"]] * 3
    for curve, metric in zip(curves, ("psnr", "ssim", "lpips"), strict=True):
        assert list(curve.y) == [point[metric] for point in series["vgg16"]]
    assert curves[0].customdata[0] == "block1: 112×112, 12,544 locations"
    assert figure.layout.xaxis3.ticktext[4] == "block5<br>7×7"
    marked = depth_curves([series["vgg16"]], blurs, layer="block4").layout.shapes
    assert [line.x0 for line in marked] == ["block4"] * 3


def test_depth_shows_the_same_photo_blurred_on_each_grid(depths):
    series, blurs = depths
    figure = depth_curves([series["vgg16"]], blurs)
    blurred = [trace for trace in figure.data if trace.name == "blur of the same grid"]
    assert list(blurred[0].y) == [blurs[size].psnr for size in (112, 56, 28, 14, 7)]
    assert list(blurred[2].y) == [blurs[size].lpips for size in (112, 56, 28, 14, 7)]
    assert all(trace.line.dash == "longdash" for trace in blurred)


def test_several_networks_share_relative_depth_and_are_named_beside_their_lines(depths):
    series, blurs = depths
    figure = depth_curves([series["vgg16"], series["dinov2_small"]], blurs)
    vgg16, dinov2 = (
        next(trace for trace in figure.data if trace.name.startswith(f"{name}, Linear"))
        for name in ("VGG16", "DINOv2 ViT-S/14")
    )
    assert list(vgg16.x) == [0, 0.25, 0.5, 0.75, 1]
    assert list(dinov2.x) == pytest.approx([0, 2 / 11, 5 / 11, 8 / 11, 1])
    assert "VGG16" in vgg16.text and "DINOv2 ViT-S/14" in dinov2.text
    assert (vgg16.line.color, dinov2.line.color) == (COLOUR_OF["vgg16"], COLOUR_OF["dinov2_small"])
    assert dinov2.name == "DINOv2 ViT-S/14, Linear map (MSE), 16×16 to 16×16"
    blurred = [trace for trace in figure.data if trace.name == "DINOv2 ViT-S/14, blur of the same grid"]
    assert list(blurred[0].y) == [blurs[16].psnr] * 5


def test_exact_copy_leaves_a_gap_in_the_curve(depths):
    series, blurs = depths
    copied = [series["vgg16"][0] | {"psnr": None}, *series["vgg16"][1:]]
    assert depth_curves([copied], blurs).data[0].y[0] is None


def test_decoders_of_a_layer_stand_in_groups_with_their_intervals(results):
    rows = of_block1(results)
    figure = by_decoder(rows)
    trained = named(figure, "Transposed convolutions")
    mine = [row for row in rows if row.configuration.decoder == "transposed_conv"]
    assert list(trained.y[1]) == [LOSSES[row.configuration.loss].title for row in mine] and len(mine) == 3
    assert list(trained.x) == [row.mean["psnr"] for row in mine]
    low = [x - minus for x, minus in zip(trained.x, trained.error_x.arrayminus, strict=True)]
    assert low == pytest.approx([row.ci95["psnr"][0] for row in mine])
    assert trained.marker.symbol == SYMBOL_OF["transposed_conv"]
    assert figure.layout.shapes[0].x0 == rows[0].blur["psnr"]


def test_decoders_of_two_layers_are_not_one_group(results):
    with pytest.raises(ValueError, match="share architecture, layer"):
        by_decoder(results.select(architecture="vgg16", decoder="linear"))


def test_figures_by_size_have_a_line_for_each_network_and_the_blur(results):
    rows = results.select(decoder="linear")
    figure = by_size(rows)
    dinov2 = named(figure, "DINOv2 ViT-S/14, Linear map (MSE)")
    assert list(dinov2.x) == [16] * 5 and dinov2.text[0] == "DINOv2 ViT-S/14"
    assert dinov2.customdata[0] == "block0: 16×16, 256 locations"
    alexnet = named(figure, "AlexNet, Linear map (MSE)")
    assert list(alexnet.x) == [55, 27, 13, 13, 13] and len(alexnet.error_y.array) == 5
    blurred = named(figure, "blur of the same grid")
    assert list(blurred.x) == sorted({row.size for row in rows})
    assert blurred.y[0] == next(row.blur["psnr"] for row in rows if row.size == 7)


def test_fused_rows_have_no_one_grid_and_their_own_colour(results):
    together = "vgg16 + alexnet + efficientnet_lite0 + dinov2_small"
    assert together not in [trace.name for trace in by_size(results.rows).data]
    titles = "VGG16 + AlexNet + EfficientNet-Lite0 + DINOv2 ViT-S/14"
    trace = named(perception_distortion(results.rows), titles)
    shown = [row for row in results.rows if row.architecture == together]
    assert trace.marker.color == INK and list(trace.x) == [row.mean["psnr"] for row in shown]


def test_significance_says_in_words_what_is_proven():
    found = Significance(
        names=["vgg16-block1-linear-mse-imagenet", "vgg16-block1-wavelet-mse-imagenet", "x-y-z-mse-imagenet"],
        metric="psnr",
        difference=[[None, -3.25, None], [3.25, None, 0.12], [None, -0.12, None]],
        p=[[None, 1e-6, None], [1e-6, None, 0.2], [None, 0.2, None]],
    )
    [cells] = significance_matrix(found).data
    assert list(cells.text[1]) == ["+3.2", "", "(+0.1)"]
    assert list(cells.z[1]) == [3.25, None, 0.0] and cells.z[0][1] == -3.25
    assert cells.customdata[1][2].endswith("+0.12, p = 0.200")
    assert "not tested" in cells.customdata[0][2]


def test_significance_is_blue_for_the_better_row_also_where_low_is_better():
    names = ["vgg16-block1-linear-mse-imagenet", "vgg16-block1-wavelet-mse-imagenet"]
    nearer = Significance(names, "lpips", [[None, -0.2], [0.2, None]], [[None, 0.0], [0.0, None]])
    [cells] = significance_matrix(nearer).data
    assert cells.z[0][1] == 0.2 and cells.text[0][1] == "-0.20"  # the scale's upper end is blue
    assert list(cells.y) == ["linear · 1", "wavelet · 2"]


def test_published_figures_stand_beside_ours_with_what_is_perfect(results):
    published = Results.read(BUNDLED / "results_published.json")
    rows = beside_ours(results, published)
    figure = published_beside_ours(rows, published.perfect("psnr"))
    assert list(figure.data[0].x) == [row.published for row in rows]
    assert list(figure.data[3].y) == [
        "Best ensemble",
        "VGG16 block1",
        "VGG16 block3",
        "VGG16 block5",
    ]
    assert figure.layout.shapes[0].x0 == published.perfect("psnr")
    assert len({bar.marker.pattern.shape for bar in figure.data}) == 4
    assert not published_beside_ours(rows).layout.shapes


def test_surgery_curve_marks_the_current_strength():
    points = [{"strength": s, "psnr": p, "bits": b} for s, p, b in ((8, 25.0, 64000), (1, 15.0, 800))]
    figure = surgery_curve(points, "bits a value", {"strength": 3, "psnr": 21.5, "bits": 312000})
    curve, now = figure.data
    assert list(curve.x) == [1, 3, 8] and list(curve.y) == [15.0, 21.5, 25.0]
    assert list(curve.customdata) == ["0.1 kB", "39.0 kB", "8.0 kB"]
    assert (now.x, now.y) == ((3,), (21.5,))
    assert figure.layout.annotations[0].text == "now: 21.50 dB, 39.0 kB"
    assert figure.layout.xaxis.title.text == "bits a value"
    assert len(surgery_curve(points, "bits a value").data) == 1


def test_recovery_shows_both_figures_against_seconds():
    points = [
        {"search_seconds": t, "psnr": p, "feature_error": e}
        for t, p, e in ((0.5, 20.0, 0.9), (1.0, 25.0, 0.4), (2.0, 30.0, 0.1))
    ]
    figure = recovery_curve(points)
    assert [list(trace.x) for trace in figure.data] == [[0.5, 1.0, 2.0], [0.5, 1.0, 2.0], []]  # not judged
    assert [list(trace.y) for trace in figure.data] == [[20.0, 25.0, 30.0], [0.9, 0.4, 0.1], []]
    assert figure.layout.yaxis2.type == "log"
    assert recovery_curve(points[:1]).data[0].mode == "markers"
