import json
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer import Explorer, UserError
from explorer.encoders.weights import philox_uniform
from explorer.experiments.bits import PHOTO_BITS, held_bits
from explorer.experiments.operations import Given
from explorer.experiments.surgery import OPERATIONS, Change, operation_spec

CHANNELS, SIDE = 10, 8
PLACES = SIDE * SIDE
UNTOUCHED_AT = {name: 0.0 for name in OPERATIONS} | {"keep": 100.0}


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    """Features (1, 10, 8, 8) whose channel 9 is the strongest, then 8, and so on."""
    uniform = torch.from_numpy(philox_uniform("test/features", CHANNELS * PLACES)).float()
    return uniform.reshape(1, CHANNELS, SIDE, SIDE) * torch.arange(1, CHANNELS + 1).reshape(1, -1, 1, 1)


@pytest.fixture(scope="module")
def given() -> Given:
    """Channel c has mean -c and std (c + 1) / 10; a quarter is painted, on the left; the other photo is 7."""
    number = torch.arange(CHANNELS).float().reshape(-1, 1, 1)
    painted = torch.zeros(224, 224, dtype=torch.bool)
    painted[:, :56] = True
    other = torch.full((1, CHANNELS, SIDE, SIDE), 7.0).contiguous(memory_format=torch.channels_last)
    return Given(-number, (number + 1) / 10, painted, other)


@pytest.fixture(scope="module")
def square() -> np.ndarray:
    """A mask of the crop: a square of 96 pixels in its middle."""
    painted = np.zeros((224, 224), bool)
    painted[64:160, 64:160] = True
    return painted


def test_dropped_channels_are_the_strongest_and_become_the_training_mean(features, given):
    found = OPERATIONS["drop"].apply(features, 30, given)
    assert torch.equal(found.features[:, :7], features[:, :7])
    for channel in (7, 8, 9):
        assert (found.features[0, channel] == -channel).all()
    assert (found.channels, found.positions) == (3, PLACES)
    assert found.bits == pytest.approx(held_bits(features[:, :7]))


def test_kept_channels_are_the_strongest_and_the_others_become_the_training_mean(features, given):
    found = OPERATIONS["keep"].apply(features, 30, given)
    assert torch.equal(found.features[:, 7:], features[:, 7:])
    for channel in range(7):
        assert (found.features[0, channel] == -channel).all()
    assert (found.channels, found.positions) == (7, PLACES)
    assert found.bits == pytest.approx(held_bits(features[:, 7:]))


def test_swapped_channels_are_the_strongest_and_come_from_the_other_photo(features, given):
    found = OPERATIONS["swap"].apply(features, 20, given)
    assert torch.equal(found.features[:, :8], features[:, :8])
    assert (found.features[:, 8:] == 7).all()
    assert found.channels == 2


@pytest.mark.parametrize(
    ("percent", "channels", "touched"), [(0, 16, 0), (1, 16, 1), (10, 16, 2), (1, 2048, 20), (100, 16, 16)]
)
def test_any_percentage_above_zero_is_at_least_one_channel(percent, channels, touched):
    features = torch.rand(1, channels, 4, 4, generator=torch.Generator().manual_seed(1))
    given = Given(torch.zeros(channels, 1, 1), torch.ones(channels, 1, 1))
    assert OPERATIONS["drop"].apply(features, percent, given).channels == touched


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_rounding_leaves_as_many_values_as_the_bits_can_tell_apart(features, given, bits):
    found = OPERATIONS["quantise"].apply(features, bits, given)
    for before, after in zip(features[0], found.features[0], strict=True):
        half_step = (before.max() - before.min()) / (2**bits - 1) / 2
        assert 1 < len(after.unique()) <= 2**bits
        assert (after - before).abs().max() <= half_step * 1.001
        assert after.min() == before.min() and after.max() == pytest.approx(float(before.max()))
    assert found.bits <= bits * features.numel()


def test_rounding_of_a_constant_channel_leaves_it_as_it_is(given):
    constant = torch.full((1, CHANNELS, SIDE, SIDE), 2.5)
    assert torch.equal(OPERATIONS["quantise"].apply(constant, 1, given).features, constant)


def test_noise_has_the_asked_spread_in_each_channel():
    shape = (1, 4, 64, 64)
    given = Given(torch.zeros(4, 1, 1), torch.tensor([0.0, 1.0, 2.0, 10.0]).reshape(4, 1, 1))
    noise = OPERATIONS["noise"].apply(torch.zeros(shape), 0.5, given).features[0]
    assert noise.std(dim=(1, 2)).tolist() == pytest.approx([0.0, 0.5, 1.0, 5.0], rel=0.05)
    assert noise.mean(dim=(1, 2)).tolist() == pytest.approx([0.0] * 4, abs=0.2)
    within = (noise[1].abs() < 0.5).float().mean()
    assert float(within) == pytest.approx(0.683, abs=0.02)  # as a normal distribution has it


def test_noise_is_the_same_on_every_machine():
    given = Given(torch.zeros(1, 1, 1), torch.ones(1, 1, 1))
    noise = OPERATIONS["noise"].apply(torch.zeros(1, 1, 2, 2), 1, given).features.flatten()
    assert noise.tolist() == pytest.approx([-0.9273875, 0.4751366, -2.3289185, -1.9716101], abs=1e-6)


def test_erased_positions_are_the_painted_ones(features, given):
    found = OPERATIONS["mask"].apply(features, 100, given)
    assert torch.equal(found.features[..., 2:], features[..., 2:])
    assert torch.equal(found.features[0, :, :, :2], given.mean.expand(-1, SIDE, 2))
    assert (found.channels, found.positions) == (CHANNELS, PLACES // 4)
    assert found.bits < held_bits(features)


def test_stronger_erasing_takes_more_painted_positions_and_gives_none_back(features, given):
    erased = [OPERATIONS["mask"].apply(features, percent, given) for percent in (25, 50, 100)]
    changed = [(one.features != features).any(dim=1) for one in erased]
    assert [int(one.sum()) for one in changed] == [4, 8, 16]
    assert (changed[0] <= changed[1]).all() and (changed[1] <= changed[2]).all()


def test_brush_finer_than_the_grid_erases_the_position_under_it(features, given):
    painted = torch.zeros(224, 224, dtype=torch.bool)
    painted[30:34, 60:64] = True
    found = OPERATIONS["mask"].apply(features, 100, Given(given.mean, given.std, painted))
    changed = (found.features != features).any(dim=1)[0]
    assert changed.nonzero().tolist() == [[1, 2]]


def test_shuffled_positions_keep_their_contents_together_but_all_move(features, given):
    found = OPERATIONS["shuffle"].apply(features, 50, given)
    before, after = (x.flatten(2)[0].T.tolist() for x in (features, found.features))
    assert sorted(before) == sorted(after)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == found.positions == PLACES // 2
    assert found.bits == held_bits(features)


def test_shuffling_the_smallest_share_still_trades_two_places(features, given):
    assert OPERATIONS["shuffle"].apply(features, 1, given).positions == 2


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "quantise"])
def test_features_stay_as_they_are_at_the_harmless_end_of_the_slider(features, given, name):
    found = OPERATIONS[name].apply(features, UNTOUCHED_AT[name], given)
    assert torch.equal(found.features, features)
    assert (found.channels, found.positions) == (0, 0)
    assert found.bits == pytest.approx(held_bits(features))


@pytest.mark.parametrize("name", OPERATIONS)
def test_features_keep_shape_and_order_in_memory_and_come_out_the_same_twice(features, given, name):
    features = features.contiguous(memory_format=torch.channels_last)
    original = features.clone()
    first, second = (
        OPERATIONS[name].apply(features, OPERATIONS[name].default, given).features for _ in range(2)
    )
    assert first.shape == features.shape and first.dtype == features.dtype
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(first, second)
    assert torch.equal(features, original)
    assert not torch.equal(first, features)


@pytest.mark.parametrize("name", OPERATIONS)
def test_bits_never_grow_and_fall_along_the_curve_where_information_is_lost(features, given, name):
    operation = OPERATIONS[name]
    bits = [operation.apply(features, strength, given).bits for strength in operation.curve]
    more_is_better = name in ("keep", "quantise")
    assert bits == sorted(bits, reverse=not more_is_better)
    assert max(bits) <= held_bits(features) * 1.0001
    assert (bits[0] == pytest.approx(bits[-1])) == (name == "shuffle")


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_table_row_is_complete_and_its_strengths_are_allowed(operation):
    assert OPERATIONS[operation.name] is operation
    assert operation.title and operation.summary.endswith(".") and operation.strength.endswith(".")
    assert operation.low <= operation.default <= operation.high
    assert list(operation.curve) == sorted(set(operation.curve))
    for strength in (operation.low, operation.high, *operation.curve):
        assert operation.check(Change(operation.name, strength, mask=True, other=True)) == strength


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), -1, 100.1, "much", [3], "1e999"])
def test_strength_that_is_no_number_in_the_range_is_one_sentence(strength):
    with pytest.raises(UserError, match="choose 0 to 100 % of the channels") as raised:
        OPERATIONS["drop"].check(Change("drop", strength))
    assert "\n" not in str(raised.value)


def test_unknown_operation_gets_the_closest_name():
    with pytest.raises(UserError, match="did you mean quantise"):
        operation_spec("quantize")


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
    assert (
        explorer.surgery(cat, layer="block4", decoder="linear", change=Change(strength=2)).before
        is first.before
    )
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
