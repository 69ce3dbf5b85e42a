import pytest
import torch

from explorer.experiments.bits import PHOTO_BITS, held_bits, size_in_words


def features_of(*channels: list[float]) -> torch.Tensor:
    """Features (1, C, 2, 2) with the given four values a channel."""
    return torch.tensor(channels).reshape(1, -1, 2, 2)


def test_constant_channel_holds_no_bits():
    assert held_bits(features_of([3.0] * 4)) == 0


def test_four_different_values_hold_two_bits_each():
    assert held_bits(features_of([0.0, 1.0, 2.0, 9.0])) == pytest.approx(8)


def test_two_equally_frequent_values_hold_one_bit_each_and_channels_add_up():
    assert held_bits(features_of([0.0, 0.0, 5.0, 5.0], [1.0, 2.0, 3.0, 4.0])) == pytest.approx(4 + 8)


def test_rare_value_holds_what_shannon_says():
    assert held_bits(features_of([0.0, 0.0, 0.0, 1.0])) == pytest.approx(4 * 0.811278, rel=1e-5)


def test_only_what_is_kept_is_counted():
    features = features_of([0.0, 0.0, 5.0, 5.0], [1.0, 2.0, 3.0, 4.0])
    assert held_bits(features, kept=torch.tensor([True, False]).reshape(2, 1, 1)) == pytest.approx(4)
    assert held_bits(features, kept=torch.tensor([[[True, True], [False, False]]])) == pytest.approx(0 + 2)
    assert held_bits(features, kept=torch.zeros(2, 1, 1, dtype=torch.bool)) == 0


def test_coarse_steps_hold_fewer_bits():
    features = features_of([0.0, 1.0, 2.0, 3.0])
    assert held_bits(features, step=torch.full((1, 1, 1), 1e-9)) == pytest.approx(8)
    assert held_bits(features, step=torch.full((1, 1, 1), 2.9)) == pytest.approx(4)
    assert held_bits(features, step=torch.full((1, 1, 1), 100.0)) == 0


def test_no_value_holds_more_bits_than_its_channel_allows():
    features = features_of([0.0, 0.0, 5.0, 5.0], [1.0, 2.0, 3.0, 4.0])
    assert held_bits(features, at_most=torch.tensor([9.0, 0.5])) == pytest.approx(4 + 4 * 0.5)


def test_size_is_given_in_kilobytes_beside_the_photo():
    assert size_in_words(PHOTO_BITS / 2) == "75.3 kB (0.50 times the photo's 150.5 kB)"
