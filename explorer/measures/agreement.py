"""Feature agreement: does a network see in the reconstruction what it saw in the photo?

It tells what was lost from what the decoder merely failed to draw. Distances as in Mahendran & Vedaldi 2015.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from explorer.encoders.frozen import FrozenEncoder
from explorer.encoders.libraries import load_timm

CLASSIFIER = "efficientnet_lite0"
TOP = 5


@dataclass(frozen=True)
class Guess:
    """What a classifier takes a picture for, and how sure it is, 0 to 1."""

    name: str
    probability: float


@dataclass(frozen=True)
class Agreement:
    """How far the reconstruction's features are from the photo's, and what a classifier sees in each.

    `errors` are relative feature errors by layer, shallow to deep; None where the photo's features are zero.
    `original` and `reconstruction` are the classifier's first five guesses.
    """

    errors: dict[str, float | None]
    original: list[Guess]
    reconstruction: list[Guess]

    @property
    def same_guess(self) -> bool:
        return self.original[0].name == self.reconstruction[0].name

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON-ready data."""
        guesses = {
            name: [vars(guess) for guess in getattr(self, name)] for name in ("original", "reconstruction")
        }
        return {"relative_feature_error": self.errors, "classifier": CLASSIFIER} | guesses


def relative_error(features: Tensor, target: Tensor) -> float | None:
    """Return |features - target| / |target| (Euclidean norms); None for a target of zeros only."""
    norm = target.norm().item()
    return (features - target).norm().item() / norm if norm else None


def classify(classifier: FrozenEncoder, photo01: Tensor) -> list[Guess]:
    """Return the first five ImageNet classes for a photo (1, 3, H, W) in [0, 1], most probable first."""
    with torch.no_grad():
        probabilities = classifier.logits(photo01).softmax(dim=1)[0]
    values, indices = probabilities.topk(TOP)
    return [Guess(class_name(i), round(p, 4)) for p, i in zip(values.tolist(), indices.tolist(), strict=True)]


@lru_cache(maxsize=1)
def _class_names() -> Any:
    return load_timm().data.ImageNetInfo()


def class_name(index: int) -> str:
    """Return the first name of an ImageNet class."""
    return _class_names().index_to_description(index).partition(",")[0]
