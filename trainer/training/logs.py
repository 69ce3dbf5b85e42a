"""What a run tells: its log lines, its progress bar's text, and TensorBoard's curves and pictures."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.training.batches import Batch
from trainer.training.head import Head

STRIP_PHOTOS = 6
STRIP_SIZE = 112
log = logging.getLogger(__name__)


def summary(heads: Sequence[Head]) -> str:
    """Return the last losses and validation figures in a line, "loss mse 0.0123; val dB 21.3"."""
    last = [f"{head.configuration.loss} {head.last_loss:.4f}" for head in heads[:2]]
    best = [f"{head.progress.history[-1]['psnr']:.1f}" for head in heads if head.progress.history]
    return f"loss {', '.join(last)}; val dB {' '.join(best) or '-'}"


class Logs:
    """Writes a run's event files into `folder`; from `step` on they replace what a killed run wrote."""

    def __init__(self, folder: Path, step: int = 0):
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=step or None)

    def losses(self, step: int, heads: Iterable[Head]) -> None:
        for head in heads:
            self._writer.add_scalar(f"training loss/{head.name}", head.last_loss, step)

    def validation(self, step: int, head: Head, figures: Mapping[str, float], batch: Batch) -> None:
        """Note a validation's figures, and show the photos of a batch above their reconstructions."""
        log.info("step %d %s: loss %.5f, %.2f dB", step, head.name, *figures.values())
        for figure, value in figures.items():
            self._writer.add_scalar(f"validation {figure}/{head.name}", value, step)
        features, photos01 = batch
        pictures = photos01, head.reconstruct(features, photos01.shape[-1])
        self._writer.add_image(head.name, torch.cat([strip(row) for row in pictures], dim=-2), step)

    def close(self) -> None:
        self._writer.close()


def strip(photos01: Tensor) -> Tensor:
    """Return the first photos of (N, 3, H, W) side by side, small, as one picture."""
    small = F.interpolate(photos01[:STRIP_PHOTOS].cpu(), (STRIP_SIZE, STRIP_SIZE), mode="area")
    return torch.cat(list(small), dim=-1)
