"""One frozen dataclass is one training run of one decoder, as stored in its checkpoint."""

import math
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass

import numpy as np
import torch

from explorer.configurations import AnyConfiguration
from explorer.decoders.losses import LOSSES
from explorer.errors import UserError, unknown

PRECISIONS = ("fp32", "bf16")
CHOICES = {  # of the fields that are names
    "schedule": ("one_cycle", "plateau"),
    "precision": PRECISIONS,
    "target": ("photo", "normalised"),
    "start": ("linear", "colours", "scratch", "before"),
    "views": ("cropped", "changed"),
}


@dataclass(frozen=True)
class Recipe:
    """How decoders are trained. One step is one batch of random crops, seen by every decoder of the pass.

    LPIPS is taken from a random window of `lpips_window` pixels of each crop (0: all of it).
    `fixed_views` of each photo are encoded once and drawn from (0: fresh ones at every step, which cost an
    encoder pass each). `learning_rate` is the peak of the one-cycle schedule, or the start for
    "plateau", which is multiplied by `plateau_factor` after `plateau_patience` validations without progress;
    0 is each decoder's own. The `target` "normalised" is the published studies' mistake, kept to show what it
    costs; such a decoder is only for `evaluate --protocol published`. With the `start` "scratch"
    pixel_shuffle has no linear map to start from; with "colours" upsample_conv keeps one colour a position of
    it; with "before" it learns to guess the features of the layer before, and paints them as that layer's own
    decoder does; `pictures` is then what the loss of its pictures counts beside the error of its guess (0:
    the guess alone learns). Training of a decoder stops early after `stop_patience` validations without
    progress (0: never). `views` of the photos are crops at a short side of 256, or also "changed": at any
    scale, turned, in other light. `gradient_clip` bounds the norm of a step's gradient (0: not); with `ema`,
    what is kept is the moving average of the weights with this decay (0: the weights), in which an untrained
    start soon counts for little.
    """

    steps: int = 1000
    batch: int = 8
    crop: int = 128
    lpips_window: int = 0
    fixed_views: int = 0
    learning_rate: float = 0.0
    schedule: str = "one_cycle"
    plateau_patience: int = 5
    plateau_factor: float = 0.5
    stop_patience: int = 0
    validate_every: int = 250
    validation_photos: int = 32
    precision: str = "fp32"
    target: str = "photo"
    start: str = "linear"
    pictures: float = 0.0
    views: str = "cropped"
    gradient_clip: float = 0.0
    ema: float = 0.0
    seed: int = 42

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise unknown(name, getattr(self, name), allowed)
        if not 32 <= self.crop <= 256:
            raise UserError(
                f"The crop must be 32 to 256 pixels (photos have a short side of 256), not {self.crop}."
            )
        for name in ("steps", "batch", "validate_every", "validation_photos"):
            if getattr(self, name) <= 0:
                raise UserError(f"The recipe's {name} must be above zero, not {getattr(self, name)}.")
        if self.lpips_window and not 64 <= self.lpips_window <= self.crop:
            raise UserError(
                f"The LPIPS window must be 64 pixels to the crop's {self.crop}, or 0 for all of it."
            )
        for name in ("learning_rate", "fixed_views", "gradient_clip", "pictures"):
            if getattr(self, name) < 0:
                raise UserError(f"The recipe's {name} must not be negative, but is {getattr(self, name)}.")
        if not 0 <= self.ema < 1:
            raise UserError(f"The recipe's ema must be 0 to below 1, not {self.ema}.")

    @property
    def largest_side(self) -> int:
        """The short side, in pixels, up to which training photos keep their own."""
        return 512 if self.views == "changed" else 256

    def for_checkpoint(self, configuration: AnyConfiguration) -> dict:
        """Return this recipe and what it was applied to as JSON-ready data."""
        weights = LOSSES[configuration.loss].weights
        return configuration.to_dict() | asdict(self) | {"loss_weights": weights}

    def window(self, step: int) -> tuple[slice, slice] | None:
        """Return the rows and columns of a step's LPIPS window; None for the whole crop."""
        if not self.lpips_window:
            return None
        draw = np.random.Generator(np.random.Philox(key=self.seed, counter=step))
        top, left = draw.integers(self.crop - self.lpips_window + 1, size=2).tolist()
        return slice(top, top + self.lpips_window), slice(left, left + self.lpips_window)

    def one_cycle_rate(self, step: int, peak: float) -> float:
        """Return the one-cycle rate (Smith & Topin 2019): cosine up over 20 % of the steps, then down."""
        rise = max(1, round(0.2 * self.steps))
        if step < rise:
            low, high, progress = peak / 25, peak, step / rise
        else:
            low, high = peak, peak / 1e4
            progress = (step - rise) / max(1, self.steps - rise)
        return low + (high - low) * (1 - math.cos(math.pi * progress)) / 2


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """Return the context of a forward pass in one of PRECISIONS."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
