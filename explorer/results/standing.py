"""Where one photo's reconstruction stands: beside what needs no features, and among the test photos."""

from dataclasses import asdict, dataclass
from typing import Any

from explorer.configurations import layers_of
from explorer.measures.baselines import blur_metrics, flat_metrics
from explorer.measures.metrics import METRICS, Metrics
from explorer.reconstruction import Reconstruction
from explorer.results.measured import Results


@dataclass(frozen=True)
class Standing:
    """How good the figures of one photo are, next to what needs no features and to the test photos.

    `blur` is the photo itself blurred on the layer's grid of `size` x `size` (the finest of several), `flat`
    its mean colour; `usual_blur` and `usual_flat` are their means over the test photos, the judges' included;
    `mean_photo` is the mean score over the test photos of showing the mean of the others, `percentile` the
    share of the `photos` test photos, 0 to 1, that this photo does better than. By metric; None: not
    measured. `collapsed` says why the decoder fails on them, if it does.
    """

    size: int
    blur: Metrics
    flat: Metrics
    usual_blur: dict[str, float]
    usual_flat: dict[str, float]
    mean_photo: dict[str, float | None]
    percentile: dict[str, float | None]
    photos: int
    collapsed: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON-ready data (an infinite PSNR as None)."""
        return asdict(self) | {"blur": self.blur.figures, "flat": self.flat.figures}


def standing(result: Reconstruction, results: Results) -> Standing:
    """Return where one photo's reconstruction stands; `results` are the measured ones."""
    c = result.configuration
    size = max(layer.size for layer in layers_of(c))
    row = results.row(c)
    return Standing(
        size,
        blur_metrics(result.photo.photo01, size),
        flat_metrics(result.photo.photo01),
        row.blur if row else {},
        row.flat if row else {},
        {metric: results.mean_photo(metric) for metric in METRICS},
        {metric: results.percentile(c, metric, value) for metric, value in result.metrics.items()},
        len(row.per_image) if row else 0,
        row.collapsed if row else "",
    )
