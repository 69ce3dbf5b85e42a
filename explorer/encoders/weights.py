"""Where an encoder's weights come from: a bundled safetensors file, the hub, or the seeded random control.

Files and the control hand out single tensors by name, so that an encoder can load only what it needs.
"""

import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from explorer.encoders.hub import HubError, hub_file, hub_folder, is_kept
from explorer.encoders.libraries import load_timm
from explorer.errors import UserError, unknown
from explorer.folders import BUNDLED
from explorer.wanted import check_wanted

SCALES = ("weight", "gamma", "running_var")  # one-dimensional parameters that multiply
WEIGHTS = {"imagenet": "trained weights", "random": "random weights (control)"}


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
        try:
            return hub_folder(asked)
        except HubError as error:
            raise UserError(
                f"Checkpoints {asked!r} are no folder here, and {error}. Check the name and the network, or "
                "give a folder."
            ) from error
    raise UserError(
        f"The checkpoints folder {asked!r} does not exist. Give a folder or a Hub id 'owner/name'."
    )


def encoder_file(architecture: str, folder: Path | None = None) -> Path:
    """Return the path of an architecture's weights: in `folder` if it has them, else the bundled file."""
    name = f"encoders/{architecture}.safetensors"
    return folder / name if folder and (folder / name).exists() else BUNDLED / name


@dataclass(frozen=True)
class WeightSource:
    """Where the weights of one encoder come from: a file, else the seeded control, else the hub."""

    architecture: str
    random: bool = False
    file: Path | None = None

    @property
    def from_hub(self) -> bool:
        return not self.random and self.file is None

    def read(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        """Return one parameter as float32. Raises UserError when the file cannot be read or does not fit.

        Ends, too, when the network is not wanted any more.
        """
        check_wanted()
        if self.random:
            return control_tensor(f"{self.architecture}/{name}", shape)
        try:
            with safe_open(self.file, framework="pt") as file:
                tensor = file.get_tensor(name).float()
        except (SafetensorError, OSError) as error:
            raise UserError(
                f"The encoder weights {self.file.name} cannot be read ({name}): {error}"
            ) from error
        if tuple(tensor.shape) != shape:
            raise UserError(f"{self.file.name}: {name} has shape {tuple(tensor.shape)}, expected {shape}.")
        return tensor

    def must_download(self, model_id: str) -> bool:
        """Return whether a timm model's weights would have to come from the Hub now."""
        if not self.from_hub:
            return False
        known = load_timm().get_pretrained_cfg(model_id)
        file = known and (known.hf_hub_filename or "model.safetensors")
        return not (known and known.hf_hub_id and is_kept(known.hf_hub_id, file))

    def download(self, model_id: str, options: dict[str, Any]) -> torch.nn.Module:
        """Return a timm model with its weights from the Hub (a safetensors file). Raises UserError."""
        timm = load_timm()
        known = timm.get_pretrained_cfg(model_id)
        if known is None or not known.hf_hub_id:
            raise UserError(
                f"There are no trained weights of {self.architecture} on the Hub: look at random weights "
                "(control), or choose another model."
            )
        try:
            file = hub_file(known.hf_hub_id, known.hf_hub_filename or "model.safetensors")
        except HubError as error:
            raise UserError(
                f"The weights of {self.architecture} are not bundled, and {error}. Connect to the internet "
                "and try again, or look at random weights (control), which need no download."
            ) from error
        overlay = {"file": str(file)}
        try:
            return timm.create_model(model_id, pretrained=True, pretrained_cfg_overlay=overlay, **options)
        except (SafetensorError, OSError, RuntimeError) as error:
            raise UserError(
                f"The downloaded weights of {self.architecture} do not fit: delete {file} and try again."
            ) from error


def weight_source(
    architecture: str, weights: str = "imagenet", folder: Path | None = None, bundled: bool = True
) -> WeightSource:
    """Return where an encoder's weights come from.

    `bundled` says whether they ship with this program; if not, a file of that name in `folder` still goes
    before the hub. Raises UserError for an unknown kind of weights and for a bundled file that is not there.
    """
    if weights not in WEIGHTS:
        raise unknown("weights", weights, list(WEIGHTS))
    if weights == "random":
        return WeightSource(architecture, random=True)
    path = encoder_file(architecture, folder)
    if path.exists():
        return WeightSource(architecture, file=path)
    if bundled:
        raise UserError(
            f"The encoder weights {path.name} are missing: run 'python -m trainer import-weights'."
        )
    return WeightSource(architecture)


def control_tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Return the random control for one parameter: He-uniform weights, zero biases, unit scales, float32.

    The bits come from numpy's Philox counter keyed by SHA-256 of `name` and become uniform numbers by exact
    arithmetic, so every machine and version draws the same. Bound sqrt(6 / fan_in): He et al. 2015,
    "Delving Deep into Rectifiers".
    """
    if len(shape) < 2:
        return torch.ones(shape) if name.endswith(SCALES) else torch.zeros(shape)
    bound = math.sqrt(6 / math.prod(shape[1:]))
    uniform01 = philox_uniform(name, math.prod(shape))
    return torch.from_numpy(((uniform01 * 2 - 1) * bound).astype(np.float32)).reshape(shape)


def philox_uniform(name: str, count: int) -> np.ndarray:
    """Return `count` float64 numbers in [0, 1) that depend on `name` alone."""
    key = np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], dtype="<u8")
    return (np.random.Philox(key=key).random_raw(count) >> np.uint64(11)) * 2.0**-53
