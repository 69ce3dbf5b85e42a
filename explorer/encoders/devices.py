"""Which torch device to compute on."""

import os
from importlib.util import find_spec

import torch

from explorer.errors import UserError


def choose_device(given: str | None = None) -> torch.device:
    """Return the device `given`, else the one EXPLORER_DEVICE names, else a GPU if any, else the CPU.

    A GPU that is only lent is none. Raises UserError when it cannot be used here.
    """
    own_gpu = torch.cuda.is_available() and not lends_gpu()
    name = given or os.environ.get("EXPLORER_DEVICE") or ("cuda" if own_gpu else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"The device {name!r} cannot be used here: choose another, such as cpu.") from error


def lends_gpu() -> bool:
    """Whether this is a Hugging Face Space with ZeroGPU, which lends a GPU for one call at a time."""
    asked = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
    return asked and find_spec("spaces") is not None
