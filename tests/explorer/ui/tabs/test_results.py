"""The Results tab's filters and texts, on the measured results that are bundled."""

import gradio as gr
import pytest

from explorer.decoders import decoder_spec
from explorer.encoders.table import ENCODERS
from explorer.folders import BUNDLED
from explorer.results.alike import Alike
from explorer.results.measured import Results
from explorer.results.published import beside_ours
from explorer.ui.results_table import network_title
from explorer.ui.tabs.results import (
    ALL,
    BEST,
    FILTERS,
    filter_choices,
    filtered,
    note_text,
    one_of,
    shown_rows,
    text,
)
from tests.explorer.ui.tabs.tables import cells


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


@pytest.fixture(scope="module")
def published() -> Results:
    return Results.read(BUNDLED / "results_published.json")


def test_filters_narrow_the_rows(results):
    assert filtered(results, [ALL] * len(FILTERS)) == results.rows
    rows = filtered(results, ["vgg16", "wavelet", "mse", ALL])
    assert [row.name for row in rows] == [
        f"vgg16-block{number}-wavelet-mse-imagenet" for number in range(1, 6)
    ]
    assert filtered(results, ["alexnet", "wavelet", ALL, ALL]) == []


def test_the_best_rows_are_of_one_decoder_a_network_without_controls_and_ensembles(results):
    best = shown_rows(results, BEST, [ALL] * len(FILTERS))
    decoders = {(row.architecture, row.configuration.decoder, row.configuration.loss) for row in best}
    assert len(decoders) == len({row.architecture for row in best}) >= 4
    assert {row.configuration.weights for row in best} == {"imagenet"} and not any(row.fused for row in best)
    vgg16 = [row for row in best if row.architecture == "vgg16"]
    others = results.select("vgg16", "linear", "mse", "imagenet")
    assert [row.layer for row in vgg16] == ["block1", "block2", "block3", "block4", "block5"]
    assert sum(row.mean["psnr"] for row in vgg16) > sum(row.mean["psnr"] for row in others if not row.fused)
    assert shown_rows(results, ALL, [ALL] * len(FILTERS)) == results.rows
    [control] = {x.configuration.weights for x in shown_rows(results, BEST, ["vgg16", ALL, ALL, "random"])}
    assert control == "random"


def test_filters_offer_what_there_are_rows_of(results):
    offered = filter_choices(results.rows)
    measured = {name for row in results.rows for name in row.architectures}
    assert [value for _, value in offered["architecture"]] == [
        ALL,
        *(name for name in ENCODERS if name in measured),
    ]
    assert offered["loss"] == [
        *(
            ("All losses", ALL),
            ("MSE", "mse"),
            ("LPIPS", "lpips"),
            ("hybrid", "hybrid"),
            ("features", "features"),
        ),
    ]
    assert [value for _, value in offered["weights"]] == [ALL, "imagenet", "random"]
    last = results.rows[-1]
    assert last.fused and set(last.architectures) == {
        value for _, value in filter_choices([last])["architecture"][1:]
    }


def test_a_filter_says_what_is_special_about_a_networks_weights(results):
    titles = dict(map(reversed, filter_choices(results.rows)["architecture"]))
    assert titles["dinov2_small"] == "DINOv2 ViT-S/14 (from a saliency model, possibly tuned)"
    [row] = results.select("dinov2_small", "linear", layer="block11")
    assert network_title(row) == "DINOv2 ViT-S/14"


def test_an_address_may_only_ask_for_what_is_on_offer():
    read = one_of(gr.Dropdown([("All", ALL), ("Linear map", "linear")], render=False))
    assert read("linear") == "linear"
    with pytest.raises(ValueError):
        read("quadratic")


def test_the_protocol_and_the_mean_photo_are_read_from_the_file(results):
    assert "Means over 100 test photos (short side 256, centre 224); ± is half" in text.heading(results)
    said = note_text(results, 3)
    assert f"3 of {len(results.rows)} configurations" in said
    assert f"scores {results.mean_photo('psnr'):.2f} dB" in said


def test_without_results_the_tab_says_why(tmp_path):
    nothing = Results.read(tmp_path / "results.json")
    assert "results.json is not there" in text.heading(nothing)
    assert filter_choices(nothing.rows)["decoder"] == [("All decoders", ALL)]
    assert "For scale" not in note_text(nothing, 0)


def test_what_a_strangers_file_says_is_text_and_never_html(results):
    strange = Results(protocol={"crop": "<script>", "costs": ["<b>"]}, rows=results.rows)
    assert "(&lt;script&gt;)" in text.heading(strange) and "<b>" not in text.heading(strange)
    assert "&lt;b&gt;" in text.heading(Results(reason="<b>"))


def test_published_figures_stand_beside_ours_with_the_reason(results, published):
    html = text.published(beside_ours(results, published), published.perfect("psnr"))
    block1 = beside_ours(results, published)[1]
    decibels = [f"{x:.2f}" for x in (block1.their_way, block1.their_target, block1.ours)]
    assert cells(html)[2] == ["VGG16 block1", "17.43", *decibels, block1.decoder]
    assert cells(html)[-1] == ["PVT-v2-B2", "16.54", "–", "–", "–", "not measured"]
    assert f"even a perfect one scores only {published.perfect('psnr'):.2f} dB." in html
    assert "clipped to [0, 1].</p>" in text.published([], None)


def test_decoders_that_were_trained_alike_stand_in_lines_with_what_is_proven():
    found = Alike.read(BUNDLED / "alike.json")
    html = text.alike(found, [decoder_spec(kind).title for kind in found.kinds])
    _, *lines = cells(html)
    assert len(lines) == len(found.lines) > 0
    assert {len(line) for line in lines} == {2 + len(found.kinds)}
    assert html.count("<strong>") == len(found.lines)
    equal = found.count("psnr", "@1M")
    assert f"in {equal.simple} of {equal.lines} with a million parameters each" in html
    assert not text.alike(Alike(), []).strip()
