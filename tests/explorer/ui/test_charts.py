"""The charts of the Results tab: which rows they are of, what they say, and what they hand out."""

from collections import Counter
from dataclasses import replace

import pytest

from explorer.configurations import Configuration, FusedConfiguration
from explorer.folders import BUNDLED
from explorer.results.measured import Results
from explorer.results.rows import PairedTest, Row
from explorer.ui.charts import CHARTS, pairs

BLOCK1 = Configuration("vgg16", "block1", "linear", "mse")
FUSED = FusedConfiguration((("vgg16", "block1"), ("alexnet", "conv1")), "weighted", "linear", "mse")


def row(layer, decoder, loss, psnr, lpips, parameters, milliseconds) -> Row:
    """A row of VGG16 with 95 % intervals of 1 dB, beside a blur of the layer's grid."""
    size, blur = {"block1": (112, 27.5), "block5": (7, 17.8)}[layer]
    return Row(
        Configuration("vgg16", layer, decoder, loss),
        mean={"psnr": psnr, "ssim": 0.5, "lpips": lpips, "mse": 0.01},
        std={},
        ci95={"psnr": (psnr - 0.5, psnr + 0.5)},
        per_image={},
        blur={"psnr": blur},
        size=size,
        channels=64,
        parameters=parameters,
        milliseconds=milliseconds,
    )


BEST = row("block1", "pixel_shuffle", "mse", 36.2, 0.008, 346_344, 44.5)
PLEASING = row("block1", "pixel_shuffle", "hybrid", 34.7, 0.007, 346_344, 44.0)
CHEAP = row("block1", "wavelet", "mse", 35.4, 0.010, 100_000, 50.0)
DEEP = row("block5", "linear", "mse", 15.0, 0.9, 7_068, 1.8)
ROWS = [BEST, PLEASING, CHEAP, DEEP]
TESTS = [
    PairedTest(BEST.name, CHEAP.name, "psnr", 0.8, 1e-9),
    PairedTest(BEST.name, PLEASING.name, "psnr", 1.5, 0.2),
]


READINGS = {
    "size": "From 112×112 locations to 7×7 locations the best decoder goes from 36.20 dB to 15.00 dB; a blur"
    " of the same grid from 27.50 dB to 17.80 dB.",
    "layers": "From block1 to block5 the best decoder goes from 36.20 dB to 15.00 dB; a blur of the same grid"
    " from 27.50 dB to 17.80 dB.",
    "decoders": "Best is VGG16 block1, Pixel shuffle (mse) with 36.20 dB, 8.70 dB above the dashed blur.",
    "significance": "1 of 2 pairs of decoders are proven to differ in PSNR (p &lt; 0.05 after correction);"
    " brackets mark the others.",
    "plane": "Most exact is VGG16 block1, Pixel shuffle (mse) (36.20 dB, LPIPS 0.008); nearest to the judging"
    " network is VGG16 block1, Pixel shuffle (hybrid) (34.70 dB, LPIPS 0.007).",
    "parameters": "The best, VGG16 block1, Pixel shuffle (mse), reaches 36.20 dB with 346,344 parameters;"
    " VGG16 block1, Wavelet (mse) comes within 1 dB of it with 100,000 parameters.",
    "milliseconds": "The best, VGG16 block1, Pixel shuffle (mse), reaches 36.20 dB with 44.5 milliseconds;"
    " nothing cheaper comes within 1 dB of it.",
}


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_says_what_its_rows_hold(name):
    measured, chart = Results(rows=ROWS, tests=TESTS), CHARTS[name]
    assert chart.read(measured, chart.rows(measured, ROWS, BLOCK1)) == READINGS[name]


def test_readings_of_few_rows_say_what_they_can():
    alone = {name: CHARTS[name].read(Results(), [DEEP]) for name in CHARTS}
    assert alone["layers"] == (
        "With block5 the best decoder reaches 15.00 dB; a blur of the same grid has 17.80 dB."
    )
    assert alone["decoders"] == (
        "Best is VGG16 block5, Linear map (mse) with 15.00 dB, 2.80 dB below the dashed blur."
    )
    assert alone["plane"] == (
        "VGG16 block5, Linear map (mse) is both the most exact (15.00 dB) and the nearest to the judging"
        " network (LPIPS 0.900)."
    )
    assert alone["significance"] == "These decoders were not tested against each other."
    unknown = replace(DEEP, parameters=None, blur={})
    assert CHARTS["parameters"].read(Results(), [unknown]) == "The cost of these rows was not measured."
    assert (
        CHARTS["size"].read(Results(), [unknown]) == "With 7×7 locations the best decoder reaches 15.00 dB."
    )
    assert (
        CHARTS["size"]
        .read(Results(), [replace(DEEP, configuration=FUSED, size=None)])
        .startswith("These rows join several grids")
    )


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_drawn_of_its_rows_and_hands_them_out(results, name):
    rows = CHARTS[name].rows(results, results.rows, BLOCK1)
    figure, data = CHARTS[name].draw(results, rows), CHARTS[name].data(results, rows)
    if name == "significance":
        assert len(figure.data[0].x) == len(rows)
        assert {pair["a"] for pair in data} | {pair["b"] for pair in data} == {row.name for row in rows}
        return
    if name == "size":
        rows = [row for row in rows if row.size]
    drawn = [trace.x if name in ("plane", "decoders") else trace.y for trace in figure.data]
    blurred = name in ("size", "layers")
    assert sorted(x for xs in drawn[: -1 if blurred else None] for x in xs) == sorted(
        r.mean["psnr"] for r in rows
    )
    if not blurred:
        assert [row["psnr"] for row in data] == [row.mean["psnr"] for row in rows]


def test_charts_are_of_the_table_or_follow_the_controls(results):
    table = results.select(decoder="linear")
    assert CHARTS["size"].rows(results, table, BLOCK1) == table
    assert {row.layer for row in CHARTS["decoders"].rows(results, table, BLOCK1)} == {"block1"}
    layers = Counter(row.layer for row in CHARTS["layers"].rows(results, table, BLOCK1))
    assert len(layers) == 5 and layers["block1"] > 1
    assert [CHARTS[name].scope(BLOCK1) for name in ("size", "layers", "decoders")] == [
        "It shows the rows of the table: choose them above.",
        "It shows VGG16: choose another network in the controls.",
        "It shows VGG16 block1: choose another layer in the controls.",
    ]


def test_proven_pairs_are_counted_once(results):
    rows = CHARTS["significance"].rows(results, [], BLOCK1)
    found = pairs(results, rows)
    assert (
        len({frozenset((pair["a"], pair["b"])) for pair in found})
        == len(found)
        == len(rows) * (len(rows) - 1) / 2
    )
