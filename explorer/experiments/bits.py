"""How many bits features hold about their photo: an estimate for comparing, beside the photo's own size."""

import math

import torch
from torch import Tensor

PHOTO_BITS = 224 * 224 * 24  # the photo itself, uncompressed
LEVELS = 256


def held_bits(
    features: Tensor,
    kept: Tensor | None = None,
    step: Tensor | None = None,
    at_most: Tensor | None = None,
) -> float:
    """Return an estimate of the bits that features (1, C, H, W) hold about their photo.

    Values are rounded to 256 even levels between the lowest and highest of their channel, or to `step`
    (C, 1, 1) where that is coarser. The empirical entropy of a channel's levels over the map (Shannon 1948),
    times its positions, is summed over the channels. `kept`, boolean and broadcastable to (C, H, W), says
    which values are counted, and `at_most` (C,) how many bits one value of a channel can hold.

    It is too high because neighbouring positions and channels repeat each other, which the entropy of single
    values cannot see; and too low on small maps, where n positions cannot show more than log2(n) bits each
    (5.6 at 7x7). What is finer than 256 levels, and the levels' own ranges, are not counted.
    """
    channels = features.shape[1]
    low, finest = even_steps(features, LEVELS)
    size = finest if step is None else torch.maximum(finest, step)
    levels = ((features - low) / size).round()[0].long()
    levels += LEVELS * torch.arange(channels, device=features.device)[:, None, None]
    counted = levels.flatten() if kept is None else levels[kept.expand(levels.shape)]
    counts = counted.bincount(minlength=LEVELS * channels).reshape(channels, LEVELS).cpu().double()
    total = counts.sum(dim=1)
    bits = (torch.xlogy(total, total) - torch.xlogy(counts, counts).sum(dim=1)) / math.log(2)
    if at_most is not None:
        bits = bits.minimum(total * at_most.cpu().double())
    return float(bits.sum())


def even_steps(features: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """Return each channel's lowest value and the distance of `levels` even levels up to its highest.

    Both are (1, C, 1, 1); a constant channel has a tiny distance instead of 0.
    """
    low, high = features.amin(dim=(2, 3), keepdim=True), features.amax(dim=(2, 3), keepdim=True)
    return low, ((high - low) / (levels - 1)).clamp(min=1e-12)


def size_in_words(bits: float) -> str:
    """Return bits in kilobytes (of 1,000 bytes) and as a share of the uncompressed photo.

    `size_in_words(1_204_224)` reads "150.5 kB (1.00 times the photo's 150.5 kB)".
    """
    return f"{bits / 8000:,.1f} kB ({bits / PHOTO_BITS:.2f} times the photo's {PHOTO_BITS / 8000:.1f} kB)"
