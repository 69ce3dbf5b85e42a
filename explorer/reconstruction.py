"""What decoding a photo's features gives: pictures and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from explorer.configurations import AnyConfiguration, Configuration, Place
from explorer.experiments.bits import PHOTO_BITS
from explorer.experiments.surgery import operation_spec
from explorer.measures.comparison import Verdict
from explorer.measures.metrics import Metrics
from explorer.photos.photo import Photo


@dataclass(frozen=True)
class Reconstruction:
    """One photo decoded from its features: 224x224 pictures, what made them, and the figures.

    `fitted_on` is how many photos the decoder was fitted on, on the spot; 0 for one from a checkpoint.
    """

    configuration: AnyConfiguration
    photo: Photo
    reconstruction: Image.Image
    error: Image.Image
    metrics: Metrics
    seconds: float = 0.0
    fitted_on: int = 0

    def after(self, seconds: float) -> "Reconstruction":
        """Return this as having taken that long."""
        return replace(self, seconds=seconds)

    @property
    def original(self) -> Image.Image:
        """The photo's crop."""
        return self.photo.crop

    @property
    def figures(self) -> dict[str, float | None]:
        """The metrics as JSON-ready data (an infinite PSNR as None)."""
        return self.metrics.figures

    def to_dict(self) -> dict[str, Any]:
        """Return configuration, metrics and seconds as JSON-ready data."""
        fitted = {"fitted_on_photos": self.fitted_on} if self.fitted_on else {}
        return self.configuration.to_dict() | self.figures | {"seconds": round(self.seconds, 4)} | fitted


@dataclass(frozen=True)
class Contribution:
    """What one source brings to an ensemble, for one photo.

    `alone` is the reconstruction from it alone by the same kind of decoder (None: there is no such decoder),
    `without` the metrics when its features are replaced by their mean over the training photos, and
    `attention` how much is taken of it where, (H, W) from 0 to 1 (None: sources are not weighed).
    """

    place: Place
    alone: Reconstruction | None
    without: Metrics
    attention: np.ndarray | None

    @property
    def weight(self) -> float | None:
        """The mean of `attention`."""
        return None if self.attention is None else float(self.attention.mean())

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON-ready data, without the map."""
        return {
            "source": list(self.place),
            "weight": self.weight,
            "psnr_alone": self.alone.figures["psnr"] if self.alone else None,
            "psnr_without": self.without.figures["psnr"],
        }


@dataclass(frozen=True)
class Ensemble:
    """One photo decoded from several sources at once, and what each of them brings to it."""

    result: Reconstruction
    contributions: list[Contribution]

    @property
    def best_alone(self) -> Reconstruction | None:
        """The reconstruction from one source alone that has the highest PSNR, if there is any."""
        alone = [c.alone for c in self.contributions if c.alone]
        return max(alone, key=lambda result: result.metrics.psnr, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return configuration, figures and contributions as JSON-ready data."""
        return self.result.to_dict() | {"contributions": [c.to_dict() for c in self.contributions]}


@dataclass(frozen=True)
class Recovery:
    """One photo being recovered by descending until its features match: the best picture so far.

    `feature_error` is its relative feature error, `steps` and `seconds` what has been used up; `done` says
    that nothing follows. What is descended on is the `prior`.
    """

    result: Reconstruction
    feature_error: float
    steps: int
    seconds: float
    done: bool
    prior: str = "pixels"

    def to_dict(self) -> dict[str, Any]:
        """Return configuration, figures and effort as JSON-ready data."""
        effort = {"prior": self.prior, "steps": self.steps}
        return {"feature_error": self.feature_error} | self.result.to_dict() | effort


@dataclass(frozen=True)
class Surgery:
    """One photo decoded twice: from its features as they are, and after an operation on them.

    `channels` and `positions` are how many the operation touched; `held_bits` says what
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
        return self.after.configuration.to_dict() | {
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


@dataclass(frozen=True)
class Comparison:
    """Two reconstructions of one photo.

    `difference` is the luminance of a minus that of b, in the colours and range of error maps: red where a is
    lighter, blue where it is darker.
    """

    a: Reconstruction
    b: Reconstruction
    difference: Image.Image
    verdicts: list[Verdict]

    def to_dict(self) -> dict[str, Any]:
        """Return both configurations with their figures, and the verdicts, as JSON-ready data."""
        return {
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }


@dataclass(frozen=True)
class ContactSheet:
    """One photo by many decoders at many layers of one network: a row a decoder, shallow to deep.

    What is missing in `found` is not ready, or not drawn yet; `share` of the rows, 0 to 1, are drawn.
    """

    photo: Photo
    rows: Sequence[Sequence[Configuration]]
    found: Mapping[Configuration, Reconstruction]
    share: float = 1.0

    @property
    def layers(self) -> list[str]:
        return [c.layer for c in self.rows[0]]

    @property
    def missing(self) -> list[Configuration]:
        """The configurations without a picture."""
        return [c for row in self.rows for c in row if c not in self.found]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures of every picture, and what is missing, as JSON-ready data."""
        return {
            "cells": [found.to_dict() for found in self.found.values()],
            "missing": [c.to_dict() for c in self.missing],
        }
