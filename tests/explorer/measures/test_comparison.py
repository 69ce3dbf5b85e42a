import json
import math

import numpy as np
import pytest
from PIL import Image

from explorer import UserError
from explorer.configurations import Configuration
from explorer.measures.comparison import Paired, parse_configuration, verdicts
from explorer.measures.metrics import METRICS, Metrics
from explorer.measures.pixels import LUMINANCE
from explorer.photos.tensors import to_tensor

SHALLOW = Configuration("vgg16", "block1", "linear", "mse")
DEEP = Configuration("vgg16", "block3", "linear", "mse")


@pytest.fixture(scope="module")
def comparison(explorer, cat):
    return explorer.compare(cat, SHALLOW, DEEP)


def test_sides_are_the_reconstructions_themselves(explorer, cat, comparison):
    for side, configuration in ((comparison.a, SHALLOW), (comparison.b, DEEP)):
        single = explorer.reconstruct(cat, layer=configuration.layer, decoder="linear")
        assert side.configuration == configuration
        assert side.metrics == explorer.judged(single).metrics
        assert side.reconstruction.tobytes() == single.reconstruction.tobytes()


def test_shallow_layer_wins_on_every_metric(comparison):
    assert {verdict.metric: verdict.winner for verdict in comparison.verdicts} == dict.fromkeys(METRICS, "a")
    psnr = comparison.verdicts[0]
    assert psnr.by == pytest.approx(comparison.a.metrics.psnr - comparison.b.metrics.psnr)


def test_changing_sides_changes_the_winner_and_nothing_else(explorer, cat, comparison):
    mirrored = explorer.compare(cat, DEEP, SHALLOW)
    for one, other in zip(comparison.verdicts, mirrored.verdicts, strict=True):
        assert (one.winner, other.winner) == ("a", "b")
        assert other.in_spreads == pytest.approx(one.in_spreads)
        assert (one.usual is None) == (other.usual is None)
        assert one.usual is None or other.usual == pytest.approx(-one.usual)


def test_difference_is_measured_by_the_spread_over_the_test_photos(explorer, comparison):
    for verdict in comparison.verdicts[:3]:
        usual = explorer.results().paired(SHALLOW, DEEP, verdict.metric)
        assert (verdict.usual, verdict.spread) == (usual.mean, usual.std)
        assert verdict.in_spreads == pytest.approx(verdict.by / usual.std)


def test_sentence_says_who_wins_by_how_much_and_what_is_usual(comparison):
    psnr, _, lpips, *_ = comparison.verdicts
    assert psnr.sentence == (
        f"PSNR: A is better by {psnr.by:.2f} dB (A {psnr.a:.2f} dB, B {psnr.b:.2f} dB), "
        f"{psnr.in_spreads:.1f} times the spread of this difference over the test photos, where A is better "
        f"by {psnr.usual:.2f} dB on average."
    )
    assert lpips.usual < 0 and "where A is better by" in lpips.sentence


def test_difference_map_is_blue_where_the_first_is_darker_and_red_where_it_is_lighter(comparison):
    weights = np.array(LUMINANCE).reshape(3, 1, 1)
    a, b = ((to_tensor(x.reconstruction).numpy() * weights).sum(0) for x in (comparison.a, comparison.b))
    red, _, blue = (np.asarray(comparison.difference, dtype=int)[..., band] for band in range(3))
    assert comparison.difference.size == (224, 224)
    assert (red > blue)[a - b > 0.1].all() and (blue > red)[a - b < -0.1].all()
    assert ((a - b) > 0.1).sum() > 50 and ((a - b) < -0.1).sum() > 50


def test_configuration_against_itself_is_a_tie_without_colour(explorer, cat):
    found = explorer.compare(cat, DEEP, DEEP)
    assert {verdict.winner for verdict in found.verdicts} == {""}
    assert all("both score" in verdict.sentence for verdict in found.verdicts)
    assert len(found.difference.getcolors()) == 1


def test_what_is_usual_is_left_open_where_nothing_was_measured():
    good, bad = Metrics(psnr=30.0, ssim=0.9), Metrics(psnr=20.0, ssim=0.5)
    [psnr, *_] = verdicts(bad, good, {})
    assert psnr.sentence == "PSNR: B is better by 10.00 dB (B 30.00 dB, A 20.00 dB)."
    assert psnr.usual is None and psnr.in_spreads is None


def test_equal_picture_wins_without_end_and_stays_json():
    same, other = Metrics(psnr=math.inf, ssim=1.0), Metrics(psnr=20.0, ssim=0.5)
    [psnr, *_] = verdicts(same, other, {"psnr": Paired(10.0, 2.0)})
    assert psnr.sentence == "PSNR: A is better by ∞ dB (A ∞ dB, B 20.00 dB)."
    assert psnr.to_dict()["a"] is None and psnr.to_dict()["b"] == 20.0
    assert verdicts(same, same, {})[0].winner == ""


def test_as_data_it_holds_both_sides_and_the_verdicts(comparison):
    found = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert (found["a"]["layer"], found["b"]["layer"]) == ("block1", "block3")
    assert [verdict["metric"] for verdict in found["verdicts"]] == list(METRICS)
    assert found["a"]["psnr"] == found["verdicts"][0]["a"]


def test_photos_stand_side_by_side_in_the_order_given(explorer, cat):
    coffee = cat.with_name("coffee.jpg")
    found = explorer.compare_photos([coffee, cat], DEEP)
    assert [x.metrics for x in found] == [
        explorer.reconstruct(path, layer="block3", decoder="linear").metrics for path in (coffee, cat)
    ]
    assert found[0].metrics != found[1].metrics


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_or_too_many_photos_are_refused(explorer, cat, count):
    with pytest.raises(UserError, match=f"{count} photos were given: choose 1 to 8"):
        explorer.compare_photos([cat] * count, DEEP)


def test_photo_that_cannot_be_used_is_named_by_its_number(explorer, cat):
    with pytest.raises(UserError, match="Photo 2: The photo is 8 x 8 pixels"):
        explorer.compare_photos([cat, Image.new("RGB", (8, 8))], DEEP)


def test_configuration_is_read_from_its_names():
    assert parse_configuration("vgg16/block3/linear/mse") == DEEP
    assert parse_configuration("vgg16/block3/linear/mse/random").weights == "random"


@pytest.mark.parametrize("text", ["", "vgg16", "vgg16/block1/linear", "vgg16//linear/mse", "a/b/c/d/e/f"])
def test_configuration_of_another_form_shows_an_example(text):
    with pytest.raises(UserError, match="such as vgg16/block1/linear/mse"):
        parse_configuration(text)
