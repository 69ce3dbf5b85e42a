"""How far two photos in [0, 1] are apart pixel by pixel: MSE, PSNR, SSIM and the error map."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from explorer.photos.tensors import check01

LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709


def mse(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the mean squared error of each pair (N, 3, H, W), (N,), float64; differentiable."""
    return (reconstruction01.double() - original01.double()).square().mean(dim=(1, 2, 3))


def psnr(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of each pair in dB, (N,), for a peak of 1; infinite if equal.

    What scikit-image gives; not from there, as its module brings scipy.stats, which takes long to import.
    """
    errors = mse(reconstruction01.detach().cpu(), original01.detach().cpu()).tolist()
    return torch.tensor(list(map(psnr_of_mse, errors)), dtype=torch.float64)


def psnr_of_mse(error: float) -> float:
    """Return the PSNR in dB of a mean squared error: without pictures (a ridge fit), or of many, fast."""
    return -10 * math.log10(error) if error > 0 else math.inf


def ssim(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the structural similarity of each pair, (N,), averaged over channels.

    Wang et al. 2004, as scikit-image has it by default: uniform 7x7 window, borders of 3 pixels left out.
    """
    pairs = _pairs(reconstruction01, original01)
    return torch.tensor([structural_similarity(*pair, channel_axis=0, data_range=1) for pair in pairs])


def error_map(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the signed error in luminance, (N, H, W): positive where the reconstruction is too light.

    Raises ValueError as `check_pair` does.
    """
    check_pair(reconstruction01, original01)
    return luminance(reconstruction01 - original01)


def luminance(photos: Tensor) -> Tensor:
    """Return the luminance (N, H, W) of photos (N, 3, H, W)."""
    weights = torch.tensor(LUMINANCE, device=photos.device).reshape(1, 3, 1, 1)
    return (photos * weights).sum(dim=1)


def check_pair(reconstruction01: Tensor, original01: Tensor) -> None:
    """Raise ValueError unless both are (N, 3, H, W) photos of equal shape with values in [0, 1]."""
    if reconstruction01.shape != original01.shape or original01.ndim != 4 or original01.shape[1] != 3:
        raise ValueError(
            "expected two (N, 3, H, W) photos of equal shape, got "
            f"{tuple(reconstruction01.shape)} and {tuple(original01.shape)}"
        )
    check01(reconstruction01)
    check01(original01)


def _pairs(reconstruction01: Tensor, original01: Tensor) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield original and reconstruction of each pair, (3, H, W) float64; one original may serve all."""
    originals = original01.expand_as(reconstruction01)
    for pair in zip(originals, reconstruction01, strict=True):
        original, reconstruction = (photo.detach().cpu().double().numpy() for photo in pair)
        yield original, reconstruction
