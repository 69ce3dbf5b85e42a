"""The texts of the Explore tab: what they say of what was found."""

import math
from dataclasses import replace

import pytest

from explorer.measures.agreement import Agreement, Guess
from explorer.measures.metrics import CARDS, Metrics
from explorer.results.measured import Results
from explorer.results.standing import standing
from explorer.ui.maps import channel_text, feature_text, mosaic_text
from explorer.ui.tabs.explore import (
    agreement_text,
    cards_text,
    common,
    lost_text,
    text,
)

SURE, UNSURE = [Guess("tabby", 0.8)], [Guess("<b>jersey</b>", 0.03)]


@pytest.fixture(scope="module")
def result(explorer, cat):
    return explorer.reconstruct(cat, layer="block2", decoder="linear", loss="mse")


@pytest.fixture(scope="module")
def maps(explorer, cat):
    return explorer.features(cat, layer="block2")


def with_figures(result, **figures):
    return replace(result, metrics=Metrics(result.metrics | figures))


def test_the_title_names_what_was_decoded_and_what_is_unusual_about_it(result):
    made = common.result_title(result)
    assert "Seen through VGG16 block2" in made
    assert "Linear map · MSE loss" in made
    assert "random" not in made and "example photos" not in made
    control = replace(result.configuration, weights="random")
    made = common.result_title(replace(result, configuration=control, fitted_on=6))
    assert "random weights (control)" in made
    assert "fitted on the 6 example photos only" in made


def test_a_card_has_the_figure_with_its_unit_direction_and_reading(result):
    made = cards_text(with_figures(result, psnr=26.044))
    assert '<b data-metric="psnr">26.04</b> <span class="unit">dB</span>' in made
    assert "higher is better" in made and "Close: small differences" in made
    assert made.count("<article") == len(CARDS)
    assert "∞" in cards_text(with_figures(result, psnr=math.inf))


def test_a_figure_that_was_the_loss_is_marked(result):
    made = cards_text(result)
    assert made.count("no judge") == 2  # PSNR and MSE, of a decoder for MSE
    assert made.index("no judge") < made.index('id="card-ssim"')


def test_a_picture_below_one_flat_colour_is_said_to_be_so(result, explorer):
    stands = standing(result, explorer.results())
    assert "One flat colour" in text.standing(stands, result)
    bad = with_figures(result, psnr=stands.flat.psnr - 1)
    made = text.standing(stands, bad)
    assert "Worse than one flat colour." in cards_text(bad)
    assert "Worse than one flat colour" not in cards_text(result)
    assert "Worse than one flat colour" in made and "better than this reconstruction" in made


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        ((0.41, 0.85), "(similarity\n  0.85, not 0.41): that much the network had kept"),
        ((0.41, 0.43), "the network seems to have lost"),
        ((0.41, None), "the network seems to have lost"),
    ],
)
def test_a_search_that_the_judge_finds_nearer_found_what_the_network_had_kept(judged, said):
    assert said in text.lost({"decoder": 0.39, "longer": 0.41}, True, judged)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"flat": 0.1, "blur": 0.3, "decoder": 0.4}, "may still be in the features"),
        ({"flat": 0.1, "blur": 0.5, "decoder": 0.4}, "does not draw all that is there"),
        ({"flat": 0.1, "blur": 0.5, "decoder": 0.4, "longer": 0.7}, "that much the network had kept"),
        ({"flat": 0.1, "decoder": 0.97, "longer": 0.9}, "Nearly all of it came back"),
        ({"decoder": 0.4, "longer": 0.41}, "the network seems to have lost"),
        ({"decoder": -0.2}, "may still be in the features"),
    ],
)
def test_the_bar_says_by_whom_it_is_lost(found, said):
    made = text.lost(found)
    assert said in made
    assert made.count("<i class") == made.count("<li class") == len(found)
    assert f'class="decoder" style="width: {max(0, found["decoder"]):.1%}"' in made


def test_the_bar_has_figures_of_this_photo_and_says_when_they_flatter_the_decoder(result, explorer):
    stands = standing(result, explorer.results())
    made = lost_text(result, stands)
    for figures in (stands.flat, stands.blur, result.metrics):
        assert f"<b>{1 - figures.lpips:.2f}</b>" in made
    assert "flatters" not in made
    hybrid = replace(result, configuration=replace(result.configuration, decoder="attention", loss="hybrid"))
    assert "flatters" in lost_text(hybrid, stands)


def test_without_figures_the_cards_are_there_and_empty():
    made = cards_text(None)
    assert made.count("<article") == made.count("–</b>") == len(CARDS)


def test_the_photo_stands_beside_its_blur_and_the_test_photos(result, explorer):
    found = standing(result, explorer.results())
    made = text.standing(found, result)
    assert f"<b>{found.percentile['psnr']:.0%}</b> of the {found.photos} test photos" in made
    assert f"with 56×56 colours: <b>{found.blur.psnr:.1f} dB</b>" in made
    assert f"mean of other photos: {found.mean_photo['psnr']:.1f} dB" in made


def test_what_was_not_measured_is_left_out(result):
    made = text.standing(standing(result, Results()), result)
    assert "A blur of this photo" in made
    assert "test photos" not in made and "mean of other" not in made


def test_the_error_scale_ends_at_its_range():
    made = text.error_legend(0.25)
    assert "−25%<br>too dark" in made and "+25%<br>too bright" in made and "rgb(" in made


def test_feature_maps_are_counted_and_the_page_says_which_are_shown(maps):
    made = feature_text(maps, 1)
    assert "128 maps (channels) of 56×56" in made and "401,408 numbers" in made
    assert "Shown: 65–128" in made
    assert ", ".join(map(str, maps.page_channels(1))) in made
    assert mosaic_text(maps, 1).startswith("64 of 128 feature maps")
    assert mosaic_text(maps, 1).endswith(f"channel {maps.page_channels(1)[0]}")


def test_a_channel_has_its_statistics_and_a_histogram(maps):
    channel = maps.order[2]
    made = channel_text(maps, channel)
    assert f"<h2>Channel {channel}</h2>" in made
    assert "<dt>rank</dt><dd>3 of 128</dd>" in made
    assert "Histogram of 3136 values" in made
    assert made.count("<i ") == len(maps.histogram(channel)) and "height: 100.0%" in made


def test_errors_are_bars_and_the_chosen_layer_is_marked():
    made = agreement_text(Agreement({"block1": 0.25, "block2": 1.5, "block3": None}, SURE, SURE), "block2")
    assert "width: 25.0%" in made and "width: 100.0%" in made and "width: 0.0%" in made
    assert made.count('class="here"') == 1
    assert made.index('class="here"') < made.index('<th scope="row">block2') < made.index("block3")
    assert "0.25" in made and "1.50" in made and "all zero" in made


def test_the_reading_follows_the_guesses():
    assert "<b>still</b> puts" in agreement_text(Agreement({}, SURE, SURE))
    assert "<b>no longer</b> puts" in agreement_text(Agreement({}, SURE, UNSURE))
    unsure = agreement_text(Agreement({}, UNSURE, SURE))
    assert "not sure of the original" in unsure and "&lt;b&gt;jersey" in unsure
