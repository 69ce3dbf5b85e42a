"""Surgery: operations on a feature map before it is decoded. OPERATIONS is the table.

Works on features alone; finding photos, encoders and decoders is the Explorer's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.encoders.weights import philox_uniform
from explorer.errors import UserError, unknown
from explorer.experiments.bits import even_steps, held_bits
from explorer.measures.metrics import psnr

CURVE_BATCH = 4
PERCENT = (0, 1, 2, 5, 10, 20, 40, 70, 100)


@dataclass(frozen=True)
class Change:
    """What is to be done to the features: an operation of OPERATIONS and its strength (None: the usual one).

    `mask` is what `read_mask` takes and `other` a second photo; each is only looked at by the operation that
    needs it.
    """

    operation: str = "quantise"
    strength: float | None = None
    mask: Any = None
    other: Any = None


DEFAULT_CHANGE = Change()


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


@dataclass(frozen=True)
class Operation:
    """One operation: its words for people, what its strength means and may be, and the function itself.

    `curve` are the strengths of a curve, `needs` is "mask", "photo" (a second one) or empty.
    """

    name: str
    title: str
    summary: str
    strength: str
    unit: str
    low: float
    high: float
    default: float
    step: float
    curve: tuple[float, ...]
    apply: Callable[[Tensor, float, Given], Operated]
    needs: str = ""

    def check(self, change: Change) -> float:
        """Return the strength, or the default for None.

        Raises UserError when it is no number in the range, or what the operation needs was not given.
        """
        strength = change.strength
        if self.needs == "mask" and change.mask is None:
            raise UserError(f"'{self.title}' needs a mask: paint over the region first.")
        if self.needs == "photo" and change.other is None:
            raise UserError(f"'{self.title}' needs a second photo: choose one.")
        allowed = f"choose {self.low:g} to {self.high:g} {self.unit}"
        try:
            value = float(self.default if strength is None else strength)
        except (TypeError, ValueError) as error:
            raise UserError(
                f"The strength of '{self.title}' must be a number, not {strength!r}: {allowed}."
            ) from error
        if not self.low <= value <= self.high:  # also for NaN
            raise UserError(f"The strength of '{self.title}' cannot be {value:g}: {allowed}.")
        return value


def drop(features: Tensor, percent: float, given: Given) -> Operated:
    """Set the strongest `percent` of the channels to their mean over training photos."""
    return _replace(features, _strongest(features, percent), given.mean)


def keep(features: Tensor, percent: float, given: Given) -> Operated:
    """Set all but the strongest `percent` of the channels to their mean over training photos."""
    return _replace(features, ~_strongest(features, percent), given.mean)


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


def psnr_curve(
    operation: Operation,
    features: Tensor,
    given: Given,
    decode: Callable[[Tensor], Tensor],
    original01: Tensor,
) -> list[dict[str, float | None]]:
    """Return {"strength", "psnr", "bits"} at each of the operation's curve strengths, as JSON-ready data.

    `decode` turns features (N, C, H, W) into photos (N, 3, H, W) in [0, 1], compared with `original01`
    (1, 3, H, W); an infinite PSNR is None.
    """
    rows = []
    for first in range(0, len(operation.curve), CURVE_BATCH):
        strengths = operation.curve[first : first + CURVE_BATCH]
        operated = [operation.apply(features, strength, given) for strength in strengths]
        decibels = psnr(decode(torch.cat([one.features for one in operated])), original01).tolist()
        rows += [
            {"strength": strength, "psnr": value if math.isfinite(value) else None, "bits": round(one.bits)}
            for strength, value, one in zip(strengths, decibels, operated, strict=True)
        ]
    return rows


def operation_spec(name: str) -> Operation:
    """Return the table row of an operation. Raises UserError listing the allowed names."""
    if name not in OPERATIONS:
        raise unknown("operation", name, list(OPERATIONS))
    return OPERATIONS[name]


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


OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation(
            "quantise",
            "Round the numbers",
            "Every number in the features is rounded, so that it fits into fewer bits.",
            "How many bits each number may have: 1 bit can only say low or high.",
            *("bits", 1, 8, 3, 1),
            (1, 2, 3, 4, 5, 6, 7, 8),
            quantise,
        ),
        Operation(
            "drop",
            "Drop the strongest channels",
            "The channels that answer this photo most are silenced: they say what they say on average.",
            "How many of the channels are dropped, strongest first.",
            *("% of the channels", 0, 100, 10, 1),
            PERCENT,
            drop,
        ),
        Operation(
            "keep",
            "Keep only the strongest channels",
            "All channels but those that answer this photo most are silenced.",
            "How many of the channels are kept, strongest first.",
            *("% of the channels", 0, 100, 10, 1),
            PERCENT,
            keep,
        ),
        Operation(
            "noise",
            "Add noise",
            "A random amount is added to every number in the features, the same at every try.",
            "How large the noise is; 1 is as large as the numbers usually vary from photo to photo.",
            *("times the usual variation", 0, 3, 0.5, 0.05),
            (0, 0.1, 0.2, 0.35, 0.5, 1, 2, 3),
            noise,
        ),
        Operation(
            "mask",
            "Erase a region",
            "Where you paint, the features are erased: the decoder has to make do with the rest.",
            "How many of the painted places are erased, picked at random.",
            *("% of the painted places", 0, 100, 100, 1),
            (0, 10, 25, 50, 75, 90, 100),
            mask,
            needs="mask",
        ),
        Operation(
            "shuffle",
            "Mix up the places",
            "Places in the feature map trade their contents: every number is still there, but elsewhere.",
            "How many of the places trade contents, picked at random.",
            *("% of the places", 0, 100, 20, 1),
            PERCENT,
            shuffle,
        ),
        Operation(
            "swap",
            "Swap with a second photo",
            "The channels that answer this photo most are taken from a second photo instead.",
            "How many of the channels come from the second photo, strongest first.",
            *("% of the channels", 0, 100, 50, 1),
            PERCENT,
            swap,
            needs="photo",
        ),
    )
}
