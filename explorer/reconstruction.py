"""What decoding a photo's features gives: pictures and figures."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from PIL import Image

from explorer.checkpoints import Configuration
from explorer.information import PHOTO_BITS
from explorer.metrics import Metrics
from explorer.surgery import operation_spec

ERROR_RANGE = 0.25  # luminance error at which the error map's colours end


@dataclass(frozen=True)
class Reconstruction:
    """One photo decoded from its features: three 224x224 pictures, what made them, and the figures.

    `fitted_on` is how many photos the decoder was fitted on, on the spot; 0 for one from a checkpoint.
    """

    configuration: Configuration
    original: Image.Image
    reconstruction: Image.Image
    error: Image.Image
    metrics: Metrics
    seconds: float
    fitted_on: int = 0

    @property
    def figures(self) -> dict[str, float | None]:
        """The metrics as JSON-ready data (an infinite PSNR as None)."""
        return {key: value if math.isfinite(value) else None for key, value in asdict(self.metrics).items()}

    def to_dict(self) -> dict[str, Any]:
        """Return configuration, metrics and seconds as JSON-ready data."""
        fitted = {"fitted_on_photos": self.fitted_on} if self.fitted_on else {}
        return asdict(self.configuration) | self.figures | {"seconds": round(self.seconds, 4)} | fitted


@dataclass(frozen=True)
class Recovery:
    """One photo being recovered by descending on the pixels: the best picture so far.

    `feature_error` is its relative feature error, `steps` and `seconds` what has been used up; `done` says
    that nothing follows.
    """

    result: Reconstruction
    feature_error: float
    steps: int
    seconds: float
    done: bool

    def to_dict(self) -> dict[str, Any]:
        """Return configuration, figures and effort as JSON-ready data."""
        return self.result.to_dict() | {"relative_feature_error": self.feature_error, "steps": self.steps}


@dataclass(frozen=True)
class Surgery:
    """One photo decoded twice: from its features as they are, and after an operation on them.

    `channels` and `positions` are how many the operation touched; `explorer.information.held_bits` says what
    the bits are.
    """

    before: Reconstruction
    after: Reconstruction
    operation: str
    strength: float
    channels: int
    positions: int
    bits_before: float
    bits_after: float

    def to_dict(self) -> dict[str, Any]:
        """Return what was done and the figures before and after as JSON-ready data."""
        return asdict(self.after.configuration) | {
            "operation": self.operation,
            "strength": self.strength,
            "unit": operation_spec(self.operation).unit,
            "channels": self.channels,
            "positions": self.positions,
            "bits_before": round(self.bits_before),
            "bits_after": round(self.bits_after),
            "bits_photo": PHOTO_BITS,
            "before": self.before.figures,
            "after": self.after.figures,
            "seconds": round(self.after.seconds, 4),
        }
