"""What every reconstruction stands beside: the blur of a layer's grid, the mean photo, the test photos."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.configurations import layers_of
from explorer.measures.metrics import METRICS, Metrics, measure
from explorer.photos.tensors import to_tensor
from explorer.reconstruction import Reconstruction
from explorer.results.measured import Results


def blur(photos01: Tensor, size: int) -> Tensor:
    """Return photos (N, 3, H, W) in [0, 1] brought down to `size` x `size` colours and up again (bicubic).

    One colour, the mean of its area, for each position of a layer with that grid.
    """
    small = F.interpolate(photos01, (size, size), mode="area")
    return F.interpolate(small, photos01.shape[-2:], mode="bicubic", align_corners=False).clamp(0, 1)


@torch.inference_mode()
def blur_metrics(original01: Tensor, size: int) -> Metrics:
    """Return what the blur of one photo (3, H, W) in [0, 1] on a grid of `size` x `size` scores.

    A decoder that does not beat it brings back less than a thumbnail of the layer's grid would.
    """
    photos01 = original01[None]
    return measure(blur(photos01, size), photos01)[0]


@dataclass(frozen=True)
class Standing:
    """How good the figures of one photo are, next to what needs no features and to the test photos.

    `blur` is the photo itself blurred on the layer's grid of `size` x `size` (the finest of several),
    `mean_photo` the mean score over the test photos of showing the mean of the others, `percentile` the share
    of the `photos` test photos, 0 to 1, that this photo does better than. By metric; None: not measured.
    """

    size: int
    blur: Metrics
    mean_photo: dict[str, float | None]
    percentile: dict[str, float | None]
    photos: int

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON-ready data (an infinite PSNR as None)."""
        return asdict(self) | {"blur": self.blur.figures}


def standing(result: Reconstruction, results: Results) -> Standing:
    """Return where one photo's reconstruction stands; `results` are the measured ones."""
    c = result.configuration
    size = max(layer.size for layer in layers_of(c))
    row = results.row(c)
    return Standing(
        size,
        blur_metrics(to_tensor(result.original), size),
        {metric: results.mean_photo(metric) for metric in METRICS},
        {metric: results.percentile(c, metric, value) for metric, value in result.metrics.items()},
        len(row.per_image) if row else 0,
    )
