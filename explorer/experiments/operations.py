"""Operations on the features of one photo, each a function of features, strength and what else it needs."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.encoders.weights import philox_uniform
from explorer.experiments.bits import even_steps, held_bits


@dataclass(frozen=True)
class Given:
    """What operations need besides the features (1, C, H, W) of the photo.

    `mean` and `std` (C, 1, 1) are the decoder's statistics of each channel over its training photos: a
    channel at its mean is 0 once the decoder has standardised it, so it says nothing. `painted` is a boolean
    map of the photo's crop, `other` the features of a second photo; both only where they are needed.
    """

    mean: Tensor
    std: Tensor
    painted: Tensor | None = None
    other: Tensor | None = None


@dataclass(frozen=True)
class Operated:
    """Features (1, C, H, W) after an operation, and how many channels and positions it touched.

    `bits` estimates what they still hold about the photo, as `explorer.experiments.bits.held_bits` counts it.
    """

    features: Tensor
    channels: int
    positions: int
    bits: float


def drop(features: Tensor, percent: float, given: Given) -> Operated:
    """Set the strongest `percent` of the channels to their mean over training photos."""
    return _replace(features, _strongest(features, percent), given.mean)


def keep(features: Tensor, percent: float, given: Given) -> Operated:
    """Set all but the strongest `percent` of the channels to their mean over training photos."""
    return _replace(features, ~_strongest(features, percent), given.mean)


def without(features: Tensor, channel: int, given: Given) -> Tensor:
    """Return features (1, C, H, W) with one channel set to its mean over training photos."""
    changed = features.clone()
    changed[:, channel] = given.mean[channel]
    return changed


def swap(features: Tensor, percent: float, given: Given) -> Operated:
    """Take the strongest `percent` of the channels from the other photo."""
    return _replace(features, _strongest(features, percent), given.other)


def mask(features: Tensor, percent: float, given: Given) -> Operated:
    """Set `percent` of the painted positions to the mean over training photos, in a fixed random order.

    A position is painted if at least half of its part of the photo is, or, where the brush was finer than the
    grid, if no other has more paint.
    """
    coverage = F.adaptive_avg_pool2d(given.painted.to(features)[None], features.shape[-2:])[0]
    painted = (coverage >= coverage.max().clamp(max=0.5)).flatten()
    order = _order(painted.numel(), features.device)
    order = order[painted[order]]
    chosen = torch.zeros_like(painted)
    chosen[order[: _count(percent, len(order))]] = True
    return _replace(features, chosen.reshape(1, *features.shape[-2:]), given.mean)


def shuffle(features: Tensor, percent: float, given: Given) -> Operated:
    """Move `percent` of the positions to each other's places, in one fixed random cycle that moves each.

    No number is lost, so the bits stay the same: only where they belong is.
    """
    total = features.shape[-2] * features.shape[-1]
    chosen = _order(total, features.device)[: max(2, _count(percent, total)) if percent else 0]
    source = torch.arange(total, device=features.device)
    source[chosen] = chosen.roll(1)
    shuffled = features.flatten(2)[..., source].unflatten(2, features.shape[-2:])
    shuffled = shuffled.contiguous(memory_format=torch.channels_last)
    return Operated(shuffled, features.shape[1] if percent else 0, len(chosen), held_bits(features))


def quantise(features: Tensor, bits: float, given: Given) -> Operated:
    """Round every value to one of 2^`bits` evenly spaced levels between its channel's lowest and highest."""
    low, step = even_steps(features, round(2**bits))
    rounded = low + ((features - low) / step).round() * step
    return Operated(rounded, *_all(features), held_bits(features, step=step))


def noise(features: Tensor, times: float, given: Given) -> Operated:
    """Add Gaussian noise with `times` the standard deviation that each channel has over training photos.

    Always the same noise, only scaled. The bits are limited to those that can get through such noise: at most
    log2(1 + signal / noise) / 2 for each value, in variances over the map (Shannon 1948).
    """
    if not times:
        return Operated(features, 0, 0, held_bits(features))
    deviation = times * given.std
    noisy = features + deviation * _unit_noise(tuple(features.shape)).to(features)
    signal = features[0].var(dim=(1, 2), correction=0)
    at_most = torch.log2(1 + signal / deviation.flatten().square().clamp(min=1e-12)) / 2
    return Operated(noisy, *_all(features), held_bits(features, at_most=at_most))


def _replace(features: Tensor, where: Tensor, instead: Tensor) -> Operated:
    """Put `instead` where `where` (boolean) is true; both broadcast to (C, H, W). No bits are left there."""
    touched = where.expand(features.shape[1:])
    return Operated(
        torch.where(where, instead, features),
        int(touched.any(dim=2).any(dim=1).sum()),
        int(touched.any(dim=0).sum()),
        held_bits(features, kept=~where),
    )


def _strongest(features: Tensor, percent: float) -> Tensor:
    """Return which channels are the strongest `percent` by root mean square, boolean (C, 1, 1)."""
    strength = features[0].double().square().mean(dim=(1, 2)).sqrt()
    order = strength.argsort(descending=True, stable=True)
    chosen = torch.zeros(len(order), 1, 1, dtype=torch.bool, device=features.device)
    chosen[order[: _count(percent, len(order))]] = True
    return chosen


def _count(percent: float, total: int) -> int:
    """Return `percent` of `total`, rounded, but at least one unless it is 0 %."""
    return max(1, round(percent / 100 * total)) if percent else 0


def _all(features: Tensor) -> tuple[int, int]:
    """Return the numbers of channels and positions."""
    return features.shape[1], features.shape[2] * features.shape[3]


def _order(positions: int, device: torch.device) -> Tensor:
    """Return all positions in an order that is random but the same everywhere."""
    order = np.argsort(philox_uniform("surgery/order", positions), kind="stable")
    return torch.from_numpy(order).to(device)


@lru_cache(maxsize=4)
def _unit_noise(shape: tuple[int, ...]) -> Tensor:
    """Return float32 standard normal numbers that depend on the shape alone (Box & Muller 1958)."""
    count = math.prod(shape)
    uniform01 = philox_uniform("surgery/noise", 2 * count)
    radius = np.sqrt(-2 * np.log1p(-uniform01[:count]))
    normal = radius * np.cos(2 * np.pi * uniform01[count:])
    return torch.from_numpy(normal.astype(np.float32)).reshape(shape)
