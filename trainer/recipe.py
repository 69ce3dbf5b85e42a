"""One frozen dataclass is one training run of one decoder, as stored in its checkpoint."""

import math
from dataclasses import asdict, dataclass

from explorer.checkpoints import Configuration
from explorer.errors import UserError, unknown

SCHEDULES = ("one_cycle", "plateau")
PRECISIONS = ("fp32", "bf16")


@dataclass(frozen=True)
class Recipe:
    """How decoders are trained. One step is one batch of random crops, seen by every decoder of the pass.

    `learning_rate` is the peak of the one-cycle schedule, or the start for "plateau", which is multiplied by
    `plateau_factor` after `plateau_patience` validations without progress. Training of a decoder stops early
    after `stop_patience` validations without progress (0: never).
    """

    steps: int = 1000
    batch: int = 8
    crop: int = 128
    learning_rate: float = 2e-3
    schedule: str = "one_cycle"
    plateau_patience: int = 5
    plateau_factor: float = 0.5
    stop_patience: int = 0
    validate_every: int = 250
    validation_photos: int = 32
    precision: str = "fp32"
    seed: int = 42

    def __post_init__(self):
        if self.schedule not in SCHEDULES:
            raise unknown("schedule", self.schedule, SCHEDULES)
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)
        if not 32 <= self.crop <= 256:
            raise UserError(
                f"The crop must be 32 to 256 pixels (photos have a short side of 256), not {self.crop}."
            )
        for name in ("steps", "batch", "learning_rate", "validate_every", "validation_photos"):
            if getattr(self, name) <= 0:
                raise UserError(f"The recipe's {name} must be above zero, not {getattr(self, name)}.")

    def for_checkpoint(self, configuration: Configuration) -> dict:
        """Return this recipe and what it was applied to as JSON-ready data."""
        return asdict(configuration) | asdict(self)

    def one_cycle_rate(self, step: int) -> float:
        """Return the one-cycle rate (Smith & Topin 2019): cosine up over 20 % of the steps, then down."""
        rise = max(1, round(0.2 * self.steps))
        if step < rise:
            low, high, progress = self.learning_rate / 25, self.learning_rate, step / rise
        else:
            low, high = self.learning_rate, self.learning_rate / 1e4
            progress = (step - rise) / max(1, self.steps - rise)
        return low + (high - low) * (1 - math.cos(math.pi * progress)) / 2
