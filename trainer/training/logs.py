"""TensorBoard logs of a training run: loss curves and strips of reconstructions."""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

STRIP_PHOTOS = 6
STRIP_SIZE = 112


class Logs:
    """Writes a run's event files into `folder`; from `step` on they replace what a killed run wrote."""

    def __init__(self, folder: Path, step: int = 0):
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=step or None)

    def losses(self, step: int, by_name: Mapping[str, float]) -> None:
        for name, loss in by_name.items():
            self._writer.add_scalar(f"training loss/{name}", loss, step)

    def validation(self, step: int, name: str, figures: Mapping[str, float]) -> None:
        for figure, value in figures.items():
            self._writer.add_scalar(f"validation {figure}/{name}", value, step)

    def strip(self, step: int, name: str, photos01: Tensor, reconstructions: Tensor) -> None:
        """Add a picture: photos (N, 3, H, W) in [0, 1] above, their reconstructions below."""
        rows = [
            torch.cat(list(F.interpolate(pictures[:STRIP_PHOTOS], (STRIP_SIZE, STRIP_SIZE), mode="area")), -1)
            for pictures in (photos01.cpu(), reconstructions.cpu())
        ]
        self._writer.add_image(name, torch.cat(rows, dim=-2), step)

    def close(self) -> None:
        self._writer.close()
