"""Where an encoder's weights come from: a bundled safetensors file, or the seeded random control.

Readers hand out single tensors by name, so that an encoder loads only what its asked layers need.
"""

import hashlib
import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from explorer.errors import UserError, unknown

BUNDLED = Path(__file__).resolve().parent.parent / "checkpoints"
SOURCES = {"imagenet": "trained on ImageNet", "random": "random weights (control)"}

WeightReader = Callable[[str, tuple[int, ...]], torch.Tensor]


def checkpoints_folder(given: str | Path | None = None) -> Path:
    """Return the folder that holds `encoders/`, `decoders/` and `results.json`.

    `given`, else the environment variable EXPLORER_CHECKPOINTS, is a folder or a Hub repository id
    ("owner/name"), which is downloaded once and then read from its cache; else the bundled folder.
    Raises UserError when it is neither, or when the Hub cannot be reached.
    """
    asked = str(given or os.environ.get("EXPLORER_CHECKPOINTS") or BUNDLED)
    if Path(asked).is_dir():
        return Path(asked)
    if asked.count("/") == 1 and not asked.startswith((".", "/", "~")):
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(asked, cache_dir=os.environ.get("EXPLORER_CACHE")))
        except Exception as error:
            raise UserError(
                f"Checkpoints {asked!r} are no folder here and could not be downloaded from the Hub "
                f"({type(error).__name__}). Check the name and the network, or give a folder."
            ) from error
    raise UserError(
        f"The checkpoints folder {asked!r} does not exist. Give a folder or a Hub id 'owner/name'."
    )


def encoder_file(architecture: str, folder: Path | None = None) -> Path:
    """Return the path of an architecture's weights: in `folder` if it has them, else the bundled file."""
    name = f"encoders/{architecture}.safetensors"
    return folder / name if folder and (folder / name).exists() else BUNDLED / name


def reader(architecture: str, source: str = "imagenet", folder: Path | None = None) -> WeightReader:
    """Return a function (parameter name, shape) -> float32 tensor for one encoder.

    Raises UserError for an unknown source, a missing or unreadable file, or a tensor that does not fit.
    """
    if source not in SOURCES:
        raise unknown("weights", source, list(SOURCES))
    if source == "random":
        return lambda name, shape: control_tensor(f"{architecture}/{name}", shape)
    path = encoder_file(architecture, folder)
    if not path.exists():
        raise UserError(
            f"The encoder weights {path.name} are missing: run 'python -m trainer import-weights'."
        )

    def read(name: str, shape: tuple[int, ...]) -> torch.Tensor:
        try:
            with safe_open(path, framework="pt") as file:
                tensor = file.get_tensor(name).float()
        except (SafetensorError, OSError) as error:
            raise UserError(f"The encoder weights {path.name} cannot be read ({name}): {error}") from error
        if tuple(tensor.shape) != shape:
            raise UserError(f"{path.name}: {name} has shape {tuple(tensor.shape)}, expected {shape}.")
        return tensor

    return read


def control_tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the random control for one parameter: He-uniform weights, zero biases, float32.

    The bits come from numpy's Philox counter keyed by SHA-256 of `name` and become uniform numbers by exact
    arithmetic, so every machine and version draws the same. Bound sqrt(6 / fan_in): He et al. 2015,
    "Delving Deep into Rectifiers".
    """
    if len(shape) < 2:
        return torch.zeros(shape)
    bound = math.sqrt(6 / math.prod(shape[1:]))
    uniform01 = philox_uniform(name, math.prod(shape))
    return torch.from_numpy(((uniform01 * 2 - 1) * bound).astype(np.float32)).reshape(shape)


def philox_uniform(name: str, count: int) -> np.ndarray:
    """Return `count` float64 numbers in [0, 1) that depend on `name` alone."""
    key = np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], dtype="<u8")
    return (np.random.Philox(key=key).random_raw(count) >> np.uint64(11)) * 2.0**-53
