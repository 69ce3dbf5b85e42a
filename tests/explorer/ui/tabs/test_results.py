"""The Results tab's table, filters and readings, on the measured results that are bundled."""

import csv
import io
import re
from collections import Counter
from html import unescape
from urllib.parse import parse_qsl

import gradio as gr
import pytest

from explorer.configurations import Configuration
from explorer.folders import BUNDLED
from explorer.pictures.exports import table as csv_text
from explorer.results.measured import Results
from explorer.results.published import beside_ours
from explorer.ui.charts import CHARTS, pairs
from explorer.ui.results_table import COLUMNS, configuration, csv_row, half_interval, table_html
from explorer.ui.tabs.results import (
    ALL,
    FILTERS,
    filter_choices,
    filtered,
    note_html,
    one_of,
    published_html,
    title_html,
)

BLOCK1 = Configuration("vgg16", "block1", "linear", "mse")


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


@pytest.fixture(scope="module")
def published() -> Results:
    return Results.read(BUNDLED / "results_published.json")


@pytest.fixture
def linear(results):
    """The row of VGG16 block1's linear map."""
    [row] = results.table(architecture="vgg16", layer="block1", decoder="linear", weights="imagenet")
    return row


def cells(html: str) -> list[str]:
    """The texts of a table's body, cell by cell."""
    body = html.split("<tbody>")[1]
    return [unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall("<td.*?</td>", body)]


def fused(row):
    places = (("vgg16", "block1"), ("alexnet", "conv1"))
    joined = {"architecture": "vgg16 + alexnet", "layer": "block1 + conv1", "size": None}
    return row | joined | {"fused": True, "fusion": "weighted", "sources": places}


def test_every_measured_configuration_is_a_row_with_all_columns(results):
    html = table_html(results.table())
    singles = [row for row in results.rows if "sources" not in row]
    assert html.count("<tr data-name=") == len(singles) < len(results.rows) == html.count("<a href=")
    assert len(cells(html)) == len(results.rows) * len(COLUMNS)
    assert html.count('tabindex="0"') == 1


def test_a_row_says_what_was_measured_with_half_its_interval_and_the_blur(linear):
    shown = cells(table_html([linear]))
    assert shown[:6] == ["VGG16", "block1", "112×112", "Linear map", "MSE", "trained"]
    low, high = linear["ci95"]["psnr"]
    assert shown[6] == f"{linear['mean']['psnr']:.2f} ± {(high - low) / 2:.2f}"
    assert half_interval(linear, "psnr") == pytest.approx((high - low) / 2)
    assert shown[9] == f"{linear['blur']['psnr']:.2f}"
    assert shown[10] == f"{linear['parameters']:,}"


def test_a_row_opens_the_configuration_it_was_measured_of(linear):
    assert configuration(linear) == BLOCK1
    [address] = re.findall(r'href="\?([^"]+)"', table_html([linear]))
    named = dict(parse_qsl(unescape(address)))
    assert named.pop("tab") == "explore"
    assert Configuration(**named) == BLOCK1


def test_a_fused_row_opens_its_ensemble(linear):
    html = table_html([fused(linear)])
    assert configuration(fused(linear)) is None
    assert "data-name" not in html
    assert cells(html)[:4] == [
        "VGG16 + AlexNet",
        "block1 + conv1",
        "several",
        "Linear map after weighted sum",
    ]
    [address] = re.findall(r'href="\?([^"]+)"', html)
    assert dict(parse_qsl(unescape(address))) == {
        "tab": "ensemble",
        "sources": "vgg16/block1 alexnet/conv1",
        "fusion": "weighted",
        "with": "linear/mse",
    }


def test_what_was_not_measured_is_a_dash_that_sorts_last(linear):
    html = table_html([linear | {"milliseconds": None}])
    assert cells(html)[-1] == "–"
    assert html.count('data-value=""') == 1


def test_no_rows_are_said_in_words():
    assert "Nothing that was measured" in table_html([])


def test_filters_narrow_the_rows(results):
    everything = [ALL] * len(FILTERS)
    assert len(filtered(results, everything)) == len(results.rows)
    rows = filtered(results, ["vgg16", "transposed_conv", "lpips", ALL])
    assert {(row["architecture"], row["decoder"], row["loss"]) for row in rows} == {
        ("vgg16", "transposed_conv", "lpips")
    }
    assert filtered(results, ["alexnet", "wavelet", ALL, ALL]) == []


def test_filters_offer_what_there_are_rows_of(results):
    offered = filter_choices(results.table())
    for key in FILTERS:
        assert offered[key][0][1] == ALL
        there_are = {value for row in results.table() for value in row[key].split(" + ")}
        assert {value for _, value in offered[key][1:]} == there_are
    joined = filter_choices([fused(row) for row in results.table()[:1]])
    assert [value for _, value in joined["architecture"]] == [ALL, "vgg16", "alexnet"]


def test_an_address_may_only_ask_for_what_is_on_offer():
    read = one_of(gr.Dropdown([("All", ALL), ("Linear map", "linear")], render=False))
    assert read("linear") == "linear"
    with pytest.raises(ValueError):
        read("quadratic")


def test_csv_holds_means_intervals_and_blur(results, linear):
    rows = list(csv.DictReader(io.StringIO(csv_text([csv_row(row) for row in results.table()]))))
    assert len(rows) == len(results.rows)
    assert float(rows[0]["psnr"]) == linear["mean"]["psnr"]
    assert [float(rows[0][key]) for key in ("psnr_low", "psnr_high")] == linear["ci95"]["psnr"]
    assert float(rows[0]["blur_psnr"]) == linear["blur"]["psnr"]


def test_the_protocol_and_the_mean_photo_are_read_from_the_file(results):
    assert "100 test photos" in title_html(results) and "Wilcoxon" in title_html(results)
    assert f"{results.mean_photo('psnr'):.2f} dB" in note_html(results, 3)
    assert "3 of " in note_html(results, 3)


def test_without_results_the_tab_says_why(tmp_path):
    nothing = Results.read(tmp_path / "results.json")
    assert nothing.reason.split(":")[0] in title_html(nothing)
    assert filter_choices(nothing.table())["decoder"] == [("All decoders", ALL)]


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("layer", [("vgg16", "block1"), ("alexnet", "conv3")])
def test_every_chart_is_drawn_said_in_a_sentence_and_has_data(results, name, layer):
    chart, c = CHARTS[name], Configuration(*layer, "linear", "mse")
    rows = chart.rows(results, results.table(), c)
    assert chart.draw(results, rows).data
    assert re.fullmatch(r".{20,}\.", chart.read(results, rows))
    assert isinstance(chart.data(results, rows), list)


def test_charts_are_of_the_table_or_follow_the_controls(results):
    table = results.table(decoder="linear")
    assert CHARTS["size"].rows(results, table, BLOCK1) == table
    assert {row["layer"] for row in CHARTS["decoders"].rows(results, table, BLOCK1)} == {"block1"}
    layers = Counter(row["layer"] for row in CHARTS["layers"].rows(results, table, BLOCK1))
    assert len(layers) == 5 and layers["block1"] > 1


def test_readings_name_the_best_and_its_distance_to_the_blur(results):
    rows = CHARTS["decoders"].rows(results, [], BLOCK1)
    best = max(rows, key=lambda row: row["mean"]["psnr"])
    above = best["mean"]["psnr"] - best["blur"]["psnr"]
    said = CHARTS["decoders"].read(results, rows)
    assert f"{best['mean']['psnr']:.1f} dB, {above:.1f} dB above" in said


def test_a_cheaper_decoder_that_is_nearly_as_good_is_named(linear):
    better = linear | {"decoder": "wavelet", "parameters": 10**6}
    better |= {"mean": linear["mean"] | {"psnr": linear["mean"]["psnr"] + 0.5}}
    said = CHARTS["parameters"].read(Results(), [linear, better])
    assert "Wavelet" in said and said.endswith(
        "Linear map (mse) comes within 1.0 dB of it with 7,068 parameters."
    )


def test_proven_pairs_are_counted_once(results):
    rows = CHARTS["significance"].rows(results, [], BLOCK1)
    found = pairs(results, rows)
    assert len(found) == len(rows) * (len(rows) - 1) / 2
    proven = sum(pair["p"] < 0.05 for pair in found)
    assert CHARTS["significance"].read(results, rows).startswith(f"{proven} of {len(found)} pairs")


def test_published_figures_stand_beside_ours_with_the_reason(results, published):
    html = published_html(beside_ours(results, published), published)
    assert "17.43" in html and "clipped to [0, 1]" in html and "not measured" in html
    assert f"{published.perfect('psnr'):.2f} dB" in html
