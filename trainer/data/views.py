"""Fixed views of the training photos, encoded once and kept: at deep layers the encoder costs the most."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints.files import write_safetensors
from explorer.configurations import Place
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from trainer.data.changes import changed_view
from trainer.data.photos import PhotoSet, random_crop
from trainer.recipe import autocast

DTYPE = torch.float16
BATCH = 8
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FixedViews:
    """Crops as uint8 (N, 3, S, S) and their features {(architecture, layer): float16 (N, C, H, W)}."""

    crops: Tensor
    features: dict[Place, Tensor]

    def batch(self, step: int, size: int, seed: int) -> tuple[dict[Place, Tensor], Tensor]:
        """Return the features and photos01 of one step's views, drawn without repetition.

        They depend on `seed` and `step` alone, so that a resumed run sees the views it would have seen.
        """
        draw = np.random.Generator(np.random.Philox(key=[seed, step]))
        chosen = torch.from_numpy(
            draw.choice(len(self.crops), size=min(size, len(self.crops)), replace=False)
        )
        features = {place: stored[chosen].float() for place, stored in self.features.items()}
        return features, self.crops[chosen].float() / 255


def fixed_views(
    encoders: Mapping[str, FrozenEncoder],
    layers: Mapping[str, Sequence[str]],
    photos: PhotoSet,
    per_photo: int,
    size: int,
    seed: int,
    folder: Path,
    precision: str = "fp32",
    progress_bar: bool = True,
    views: str = "cropped",
) -> FixedViews:
    """Return `per_photo` views of every photo with their features of all `layers`, {architecture: names}.

    `views` is the recipe's. Features are read from `folder` when it holds them for the same encoder weights,
    layer, photos, crops and precision; those that are missing come from one pass of each encoder and are
    stored there. Raises UserError when features do not fit into float16.
    """
    crops = fixed_crops(photos, per_photo, size, seed, views)
    made_from = [photos.digest, per_photo, size, seed, views, precision, str(DTYPE)]
    found: dict[Place, Tensor] = {}
    for architecture, names in layers.items():
        encoder, missing = encoders[architecture], {}
        for layer in names:
            fingerprint = [f"{value:.3e}" for value in encoder.fingerprint(layer)]
            key = repr([architecture, encoder.weights, layer, fingerprint, *made_from])
            file = folder / f"views-{hashlib.sha256(key.encode()).hexdigest()[:24]}.safetensors"
            features = read_views(file, len(crops))
            if features is None:
                missing[layer] = file
            else:
                found[architecture, layer] = features
        if missing:
            for layer, features in encode(encoder, list(missing), crops, precision, progress_bar).items():
                write_safetensors(missing[layer], {"features": features}, {})
                found[architecture, layer] = features
    return FixedViews(crops, found)


def fixed_crops(photos: PhotoSet, per_photo: int, size: int, seed: int, views: str) -> Tensor:
    """Return (N * per_photo, 3, size, size) uint8 views fixed by `seed`, half of them mirrored."""
    count = len(photos.photos)
    crops = torch.empty(count * per_photo, 3, size, size, dtype=torch.uint8)
    for number in range(per_photo):
        draw = np.random.Generator(np.random.Philox(key=[seed, number]))
        for index, photo in enumerate(photos.photos):
            if views == "changed":
                crop = (changed_view(photo, size, draw) * 255).round()
            else:
                crop = random_crop(photo, size, draw)
            crops[number * count + index] = crop
    return crops


def encode(
    encoder: FrozenEncoder, layers: Sequence[str], crops: Tensor, precision: str, progress_bar: bool
) -> dict[str, Tensor]:
    """Return {layer: float16 (N, C, H, W)} of uint8 crops, from one pass. Raises UserError on overflow."""
    stored: dict[str, Tensor] = {}
    with tqdm(total=len(crops), desc="encoding views", unit="view", disable=not progress_bar) as bar:
        for start in range(0, len(crops), BATCH):
            batch = crops[start : start + BATCH].float() / 255
            with autocast(precision, encoder.device):
                found = encoder(batch, layers)
            for layer, features in found.items():
                half = features.to("cpu", DTYPE)
                if not torch.isfinite(half).all():
                    raise UserError(
                        f"The features of {layer} do not fit into float16: train without fixed views."
                    )
                if layer not in stored:
                    stored[layer] = torch.empty(len(crops), *half.shape[1:], dtype=DTYPE)
                stored[layer][start : start + len(half)] = half
            bar.update(len(batch))
    return stored


def read_views(path: Path, count: int) -> Tensor | None:
    """Return stored features, mapped from the file, or None when they are not there or not whole."""
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            features = file.get_tensor("features")
    except (SafetensorError, OSError) as error:
        log.warning("stored views %s are made again: %s", path.name, error)
        return None
    return features if len(features) == count else None
