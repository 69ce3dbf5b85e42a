"""Surgery as the Explorer does it: from photo to figures, before and after."""

import json
from pathlib import Path

import numpy as np
import pytest

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.experiments.bits import PHOTO_BITS
from explorer.experiments.surgery import OPERATIONS, Change

CHANNELS, SIDE = 10, 8
PLACES = SIDE * SIDE
UNTOUCHED_AT = {name: 0.0 for name in OPERATIONS} | {"keep": 100.0}


@pytest.fixture(scope="module")
def square() -> np.ndarray:
    """A mask of the crop: a square of 96 pixels in its middle."""
    painted = np.zeros((224, 224), bool)
    painted[64:160, 64:160] = True
    return painted


def test_three_bits_cost_little_and_one_bit_much(explorer, cat):
    three, one = (
        explorer.surgery(cat, change=Change(operation="quantise", strength=bits)) for bits in (3, 1)
    )
    assert three.before.metrics == one.before.metrics == explorer.reconstruct(cat).metrics
    assert three.before.metrics.psnr - three.after.metrics.psnr < 2
    assert one.before.metrics.psnr - one.after.metrics.psnr > 8
    assert one.bits_after < three.bits_after < three.bits_before / 3
    assert three.bits_before == one.bits_before > PHOTO_BITS


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "quantise"])
def test_reconstruction_stays_as_it_is_at_the_harmless_end_of_the_slider(explorer, cat, square, name):
    found = explorer.surgery(
        cat,
        layer="block3",
        change=Change(operation=name, strength=UNTOUCHED_AT[name], mask=square, other=cat),
    )
    assert found.after.reconstruction.tobytes() == found.before.reconstruction.tobytes()
    assert found.after.metrics == found.before.metrics
    assert found.bits_after == pytest.approx(found.bits_before)


def test_dropping_all_channels_draws_the_same_for_every_photo(explorer, cat):
    coffee = cat.with_name("coffee.jpg")
    drawn = [
        explorer.surgery(photo, layer="block2", change=Change(operation="drop", strength=100))
        for photo in (cat, coffee)
    ]
    assert drawn[0].after.reconstruction.tobytes() == drawn[1].after.reconstruction.tobytes()
    assert drawn[0].bits_after == 0
    pixels = np.asarray(drawn[0].after.reconstruction, dtype=float)[32:-32, 32:-32]
    assert pixels.std(axis=(0, 1)).max() < 25  # no picture is left, only the decoder's own texture


def test_swapping_all_channels_draws_the_other_photo(explorer, cat):
    coffee = cat.with_name("coffee.jpg")
    found = explorer.surgery(cat, change=Change(operation="swap", strength=100, other=coffee))
    expected = explorer.reconstruct(coffee).reconstruction
    assert found.after.reconstruction.tobytes() == expected.tobytes()
    assert found.after.original.tobytes() == explorer.reconstruct(cat).original.tobytes()


def test_erasing_a_region_leaves_the_rest_of_the_picture(explorer, cat, square):
    found = explorer.surgery(cat, layer="block2", change=Change(operation="mask", mask=square))
    before, after = (np.asarray(r.reconstruction, dtype=float) for r in (found.before, found.after))
    changed = np.abs(after - before).mean(axis=2)
    assert changed[:40].max() < 1
    assert changed[88:136, 88:136].mean() > 20
    assert found.positions == (96 // 4) ** 2


def test_mask_of_another_shape_than_the_photo_is_refused(explorer, cat):
    with pytest.raises(UserError, match="use the photo's own shape"):
        explorer.surgery(cat, change=Change(operation="mask", mask=np.ones((400, 100), bool)))


def test_curve_has_the_figures_of_single_operations(explorer, cat, square):
    curve = explorer.surgery_curve(cat, layer="block3", change=Change(operation="mask", mask=square))
    assert [row["strength"] for row in curve] == list(OPERATIONS["mask"].curve)
    for row in (curve[0], curve[3], curve[-1]):
        single = explorer.surgery(
            cat, layer="block3", change=Change(operation="mask", strength=row["strength"], mask=square)
        )
        assert row["psnr"] == pytest.approx(single.after.metrics.psnr, abs=1e-3)
        assert row["bits"] == round(single.bits_after)
    assert curve[0]["psnr"] > curve[-1]["psnr"] + 0.5


def test_slider_move_runs_neither_encoder_nor_the_untouched_decoding_again(cat, monkeypatch):
    explorer = Explorer(device="cpu")
    first = explorer.surgery(cat, layer="block4", decoder="linear", change=Change(strength=4))
    encoder = explorer.engine.encoder("vgg16")
    monkeypatch.setattr(type(encoder), "__call__", lambda *_: pytest.fail("the encoder ran again"))
    again = explorer.surgery(cat, layer="block4", decoder="linear", change=Change(strength=2))
    assert again.before.reconstruction is first.before.reconstruction
    explorer.surgery_curve(cat, layer="block4", decoder="linear", change=Change(operation="noise"))


def test_other_layers_and_networks_can_be_operated_on(explorer, cat):
    found = explorer.surgery(
        cat,
        architecture="alexnet",
        layer="conv1",
        decoder="linear",
        change=Change(operation="keep", strength=25),
    )
    assert found.channels == 48
    assert found.after.configuration.architecture == "alexnet"
    assert found.after.metrics.psnr < found.before.metrics.psnr


def test_result_as_json_says_what_was_done(explorer, cat):
    found = json.loads(
        json.dumps(explorer.surgery(cat, change=Change(operation="drop", strength=25)).to_dict())
    )
    assert found.keys() == {
        *("architecture", "layer", "decoder", "loss", "weights", "operation", "strength", "unit"),
        *("channels", "positions", "bits_before", "bits_after", "bits_photo", "before", "after", "seconds"),
    }
    assert (found["operation"], found["strength"], found["unit"]) == ("drop", 25, "% of the channels")
    assert (found["channels"], found["positions"]) == (16, 112 * 112)
    assert found["bits_photo"] == 224 * 224 * 24
    assert found["before"].keys() == found["after"].keys() == {"psnr", "ssim", "lpips", "mse"}
    assert found["before"]["psnr"] > found["after"]["psnr"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"operation": "blend"}, "unknown operation 'blend'.*choose one of quantise, drop"),
        ({"operation": "quantise", "strength": 9}, "cannot be 9: choose 1 to 8 bits"),
        ({"operation": "noise", "strength": float("nan")}, "cannot be nan: choose 0 to 3"),
        ({"operation": "mask"}, "needs a mask"),
        ({"operation": "mask", "mask": np.zeros((224, 224), bool)}, "mask is empty"),
        ({"operation": "swap"}, "needs a second photo"),
        ({"operation": "swap", "other": Path("/no/such/photo.jpg")}, "not found"),
    ],
)
def test_mistake_is_one_sentence(explorer, cat, wrong, said):
    with pytest.raises(UserError, match=said) as raised:
        explorer.surgery(cat, change=Change(**wrong))
    assert "\n" not in str(raised.value)
    if "strength" not in wrong:
        with pytest.raises(UserError, match=said):
            explorer.surgery_curve(cat, change=Change(**wrong))


def test_what_a_channel_adds_is_what_is_missing_without_it(explorer, cat):
    c = Configuration("vgg16", "block1", "linear", "mse")
    maps = explorer.features(cat, c)
    drawn = np.asarray(explorer.reconstruct(cat, c).reconstruction, dtype=float)
    for channel in (maps.order[0], maps.order[-1]):
        without, more, times = explorer.channel_drawn(cat, c, channel)
        told = (np.asarray(more, dtype=float) - 127.5) / times
        assert np.abs(drawn - np.asarray(without, dtype=float) - told).max() < 2
        assert 1 <= times <= 100
