import numpy as np
import pytest
import torch

from explorer import UserError
from explorer.encoders.weights import philox_uniform
from explorer.experiments.bits import held_bits
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
