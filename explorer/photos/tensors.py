"""The way between PIL photos and tensors in [0, 1]. Values outside are refused, never clipped."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def to_tensor(photo: Image.Image) -> torch.Tensor:
    """Return an RGB photo as float32 (3, H, W) in [0, 1]. Raises ValueError for another mode."""
    if photo.mode != "RGB":
        raise ValueError(f"expected an RGB photo, got mode {photo.mode}; use load_photo")
    return torch.from_numpy(np.array(photo)).permute(2, 0, 1).contiguous().float() / 255


def to_pil(image01: torch.Tensor) -> Image.Image:
    """Return a float tensor (3, H, W) in [0, 1] as an RGB image, rounded to 8 bits.

    Raises ValueError for another shape or type, for values that are not finite, and for values outside [0, 1]
    by more than 1e-6: they are refused, not clipped.
    """
    if image01.ndim != 3 or image01.shape[0] != 3 or not image01.is_floating_point():
        raise ValueError(f"expected a float tensor (3, H, W), got {image01.dtype} {tuple(image01.shape)}")
    values = image01.detach().float().cpu()
    low, high = values.aminmax()
    if not (low >= -1e-6 and high <= 1 + 1e-6):  # also false for NaN
        raise ValueError(f"expected finite values in [0, 1], got [{float(low):.6g}, {float(high):.6g}]")
    bytes_hwc = (values.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    return Image.fromarray(bytes_hwc.contiguous().numpy())


def check01(photos01: Tensor) -> None:
    """Raise ValueError unless every value is finite and in [0, 1] (a normalised photo is not)."""
    low, high = photos01.aminmax()
    if not (low >= 0 and high <= 1):  # also false for NaN
        raise ValueError(
            f"expected a photo with values in [0, 1], got [{float(low):.3g}, {float(high):.3g}]; "
            "normalised or unclamped tensors are refused, not clipped"
        )
