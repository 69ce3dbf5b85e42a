"""What scores without any features: the mean photo, the blur of each layer's grid, the photo itself."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from explorer.configurations import AnyConfiguration, layers_of
from explorer.measures.baselines import blur
from explorer.measures.metrics import Metrics, measure
from trainer.measuring.figures import BATCH, summary_row
from trainer.measuring.protocols import Protocol


@torch.inference_mode()
def baselines(
    names: Sequence[str], photos01: Tensor, protocol: Protocol, sizes: Iterable[int]
) -> list[dict[str, Any]]:
    """Return a row, {"baseline", "size"} and what `summary_row` says, of what needs no features at all.

    "mean_photo" is the mean of the other photos; "blur" is the photo brought down to the grid of a layer, one
    colour a position, and up again; under another protocol than the project's, "photo" is the photo itself:
    the best that a perfect reconstruction can score.
    """
    others = (photos01.sum(dim=0) - photos01) / max(1, len(photos01) - 1)
    drawn = {("mean_photo", None): others}
    for size in sizes:
        drawn["blur", size] = blur(photos01, size)
    if protocol.name != "project":
        drawn["photo", None] = photos01
    rows = []
    for (name, size), pictures in drawn.items():
        found: list[Metrics] = []
        for ours, originals in zip(pictures.split(BATCH), photos01.split(BATCH), strict=True):
            found += measure(ours, protocol.target(originals))
        rows.append({"baseline": name, "size": size} | summary_row(names, found))
    return rows


def grids(configurations: Iterable[AnyConfiguration]) -> list[int]:
    """Return the sides of the configurations' grids, each once; of several layers the finest counts."""
    return sorted({max(layer.size for layer in layers_of(c)) for c in configurations})
