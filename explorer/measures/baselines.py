"""What every reconstruction stands beside: one flat colour, and the blur of a layer's grid."""

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.measures.metrics import Metrics, measure
from explorer.measures.pixels import mse, psnr_of_mse


def flat(photos01: Tensor) -> Tensor:
    """Return photos (N, 3, H, W) in [0, 1] as one colour each: their own mean."""
    return photos01.mean(dim=(2, 3), keepdim=True).expand_as(photos01).contiguous()


def blur(photos01: Tensor, size: int) -> Tensor:
    """Return photos (N, 3, H, W) in [0, 1] brought down to `size` x `size` colours and up again (bicubic).

    One colour, the mean of its area, for each position of a layer with that grid.
    """
    small = F.interpolate(photos01, (size, size), mode="area")
    return F.interpolate(small, photos01.shape[-2:], mode="bicubic", align_corners=False).clamp(0, 1)


@torch.inference_mode()
def flat_metrics(original01: Tensor) -> Metrics:
    """Return what one flat colour, the mean of the photo (3, H, W) in [0, 1], scores."""
    photos01 = original01[None]
    return measure(flat(photos01), photos01)[0]


def flat_psnr(original01: Tensor) -> float:
    """Return the PSNR in dB of `flat` alone."""
    photos01 = original01[None]
    return psnr_of_mse(mse(flat(photos01), photos01).item())


@torch.inference_mode()
def blur_metrics(original01: Tensor, size: int) -> Metrics:
    """Return what the blur of one photo (3, H, W) in [0, 1] on a grid of `size` x `size` scores.

    A decoder that does not beat it brings back less than a thumbnail of the layer's grid would.
    """
    photos01 = original01[None]
    return measure(blur(photos01, size), photos01)[0]
