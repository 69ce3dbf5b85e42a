"""Which torch device to compute on."""

import os

import torch

from explorer.errors import UserError


def choose_device(given: str | None = None) -> torch.device:
    """Return the device `given`, else the one EXPLORER_DEVICE names, else a GPU if any, else the CPU.

    Raises UserError when it cannot be used here.
    """
    name = given or os.environ.get("EXPLORER_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"The device {name!r} cannot be used here: choose another, such as cpu.") from error
