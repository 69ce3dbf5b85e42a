"""The way between pictures and tensors in [0, 1]."""

import pytest
import torch

from explorer.photos.tensors import to_pil, to_tensor
from tests.explorer.photos.making import (
    WHITE,
    noise,
    plain,
)


def test_a_tensor_has_three_channels_in_0_to_1():
    tensor = to_tensor(plain((255, 51, 0)))
    assert (tensor.shape, tensor.dtype) == ((3, 48, 64), torch.float32)
    assert tensor[:, 10, 20].tolist() == pytest.approx([1.0, 0.2, 0.0])


def test_only_rgb_photos_become_tensors():
    with pytest.raises(ValueError, match="expected an RGB photo, got mode L"):
        to_tensor(plain(0, "L"))


def test_photo_to_tensor_and_back_changes_nothing():
    assert to_pil(to_tensor(noise())).tobytes() == noise().tobytes()


def test_values_are_rounded_and_not_cut_off():
    assert to_pil(torch.full((3, 2, 2), 0.999)).getpixel((0, 0)) == WHITE
    assert to_pil(torch.full((3, 2, 2), 1 + 5e-7, requires_grad=True)).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_tensors_outside_0_to_1_are_refused_and_not_clipped(value):
    image01 = torch.zeros(3, 4, 4)
    image01[1, 2, 3] = value
    with pytest.raises(ValueError, match=r"expected finite values in \[0, 1\]"):
        to_pil(image01)


@pytest.mark.parametrize(
    "tensor", [torch.zeros(1, 3, 4, 4), torch.zeros(4, 4, 3), torch.zeros(3, 4, 4, dtype=torch.uint8)]
)
def test_tensors_of_another_shape_or_type_are_refused(tensor):
    with pytest.raises(ValueError, match=r"expected a float tensor \(3, H, W\)"):
        to_pil(tensor)
