"""Surgery: a change to a feature map before it is decoded. OPERATIONS is the table.

Works on features alone; finding photos, encoders and decoders is the Explorer's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from explorer.errors import UserError, unknown
from explorer.experiments.operations import (
    Given,
    Operated,
    drop,
    keep,
    mask,
    noise,
    quantise,
    shuffle,
    swap,
)
from explorer.measures.pixels import psnr

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
