"""The table of metrics: how each is computed, written and read. A new metric is one row in METRICS.

The bounds of the readings are not laws. They lie between kinds of damage that everybody knows, measured on
100 photos of 224 x 224 pixels (medians):

    damage                     PSNR    SSIM   LPIPS
    JPEG, quality 95           40.8   0.990   0.004
    JPEG, quality 75           32.5   0.936   0.023
    JPEG, quality 25           27.5   0.839   0.121
    blur, sigma 1 pixel        26.5   0.829   0.288
    JPEG, quality 10           24.7   0.725   0.265
    blur, sigma 2              22.9   0.628   0.567
    blur, sigma 5              20.2   0.422   0.798
    reduced to 7 x 7 pixels    17.2   0.311   0.883
    plain grey                 12.1   0.248   0.972
    a different photo           9.7   0.097   0.738

LPIPS asks a trained network, so its sentences say who judges: a decoder trained on LPIPS pleases that network
more than the eye.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from explorer.configurations import OPTIMISATION
from explorer.decoders.losses import LOSSES
from explorer.errors import unknown
from explorer.measures.lpips import lpips
from explorer.measures.pixels import check_pair, mse, psnr, ssim

NONE = "–"  # what stands where nothing was measured


@dataclass(frozen=True)
class Metric:
    """One metric.

    `unit` is written after a value, `digits` are its decimals, and `scale` says what a value without a unit
    is to be held against. `higher` is whether higher is better. `readings` are (bound, sentence), best first;
    the first whose bound a value reaches is its own, with `said(value)` in place of its braces.
    `of_pictures(reconstruction01, original01)` returns the values (N,) of photos (N, 3, H, W) in [0, 1], one
    original for all or one each; None for one that `explorer.measures.judges` brings.
    `term` is the weight of a loss (of LOSSES) that it counts with: it is no judge of a decoder trained on it.
    `card` is whether it stands beside a picture on the page, or in tables only.
    `version` is raised when its code gives other values: `python -m trainer evaluate` then measures again.
    """

    key: str
    name: str
    full_name: str
    digits: int
    higher: bool
    readings: tuple[tuple[float, str], ...]
    of_pictures: Callable[[Tensor, Tensor], Tensor] | None = None
    term: str = ""
    unit: str = ""
    scale: str = ""
    said: Callable[[float], float] = float
    card: bool = True
    version: int = 1

    @property
    def direction(self) -> str:
        return "higher is better" if self.higher else "lower is better"

    @property
    def arrow(self) -> str:
        return "↑" if self.higher else "↓"

    @property
    def beside(self) -> str:
        """What a card writes beside the value: its unit, else its scale."""
        return self.unit or self.scale

    @property
    def heading(self) -> str:
        """The name with the unit, "PSNR, dB"."""
        return f"{self.name}, {self.unit}" if self.unit else self.name

    def better(self, value: float, other: float) -> bool:
        """Whether `value` is truly better than `other`, in this metric's direction."""
        return value > other if self.higher else value < other

    def in_loss(self, decoder: str, loss: str) -> bool:
        """Whether it was a part of what a decoder was trained for, or a picture searched for."""
        if decoder == OPTIMISATION:
            return self.term == "w_features"
        return bool(self.term and loss in LOSSES and getattr(LOSSES[loss], self.term, 0))

    def format(self, value: float | None) -> str:
        """Return the value alone, "25.30"; a dash for None."""
        if value is None:
            return NONE
        return "∞" if value == math.inf else f"{value:.{self.digits}f}"

    def with_unit(self, value: float | None) -> str:
        """Return the value with its unit, "25.30 dB"."""
        return f"{self.format(value)} {self.unit}".rstrip()

    def read(self, value: float | None) -> str:
        """Return what the value means, in a sentence; nothing for None."""
        if value is None:
            return ""
        reached = (sentence for bound, sentence in self.readings if not self.better(bound, value))
        return next(reached, "").format(self.said(value))


_ROWS = (
    Metric(
        "psnr",
        "PSNR",
        "peak signal-to-noise ratio",
        digits=2,
        higher=True,
        readings=(
            (math.inf, "Exactly the same picture."),
            (40, "To the eye, the same picture."),
            (31, "Very close: hard to tell apart at a glance."),
            (26, "Close: small differences, such as softer texture."),
            (21.5, "Recognisable: differences are easy to see."),
            (14, "Rough: broad shapes and colours agree."),
            (-math.inf, "Far off: hardly better than plain grey."),
        ),
        of_pictures=psnr,
        term="w_mse",
        unit="dB",
    ),
    Metric(
        "ssim",
        "SSIM",
        "structural similarity",
        digits=3,
        higher=True,
        readings=(
            (0.97, "Edges and textures are all there."),
            (0.88, "Nearly all edges and textures are kept."),
            (0.70, "Edges are kept, fine texture suffers."),
            (0.50, "Main edges are kept, texture is gone."),
            (0.25, "Only large shapes are left."),
            (-math.inf, "Hardly any structure is left."),
        ),
        of_pictures=ssim,
        scale="of 1",
    ),
    Metric(
        "lpips",
        "LPIPS",
        "perceptual distance",
        digits=3,
        higher=False,
        readings=(
            (0.02, "The same picture, to the judging network."),
            (0.12, "Almost the same, to the judging network."),
            (0.30, "Somewhat different, to the judging network."),
            (0.60, "Clearly different, to the judging network."),
            (math.inf, "Another picture, to the judging network."),
        ),
        of_pictures=lpips,
        term="w_lpips",
        scale="0 = same",
    ),
    Metric(
        "mse",
        "MSE",
        "mean squared error",
        digits=5,
        higher=False,
        readings=(
            ((0.5 / 255) ** 2, "A pixel is off by less than one step of 255."),
            (math.inf, "A pixel is typically off by {:.0f} of 255 steps."),
        ),
        of_pictures=mse,
        term="w_mse",
        scale="0 = same",
        said=lambda error: 255 * math.sqrt(error),  # the root mean square error, in steps of 8-bit brightness
    ),
    Metric(
        "feature_error",
        "Feature error",
        "relative distance of the features at the layer",
        digits=3,
        higher=False,
        readings=(
            (0.15, "All but a little of what the layer holds is drawn."),
            (0.35, "Most of what the layer holds is drawn."),
            (0.65, "A part of what the layer holds is drawn."),
            (0.95, "Little of what the layer holds is drawn."),
            (math.inf, "Hardly anything of what the layer holds is drawn."),
        ),
        term="w_features",
        scale="0 = same",
    ),
    Metric(
        "similarity",
        "Similarity",
        "patch similarity, to a network in no loss",
        digits=3,
        higher=True,
        readings=(
            (0.9, "The same things in the same places, to a judge in no loss."),
            (0.6, "Nearly the same things, to a judge in no loss."),
            (0.35, "Some of the same things, to a judge in no loss."),
            (0.15, "Little in common, to a judge in no loss."),
            (-math.inf, "Nothing in common, to a judge in no loss."),
        ),
        scale="of 1",
    ),
    Metric(
        "weave",
        "Weave",
        "repetition at the step of the layer's grid",
        digits=2,
        higher=False,
        readings=(
            (0.1, "No weave."),
            (0.3, "A slight weave."),
            (math.inf, "A weave that is plainly visible."),
        ),
        scale="0 = none",
        card=False,
    ),
)
METRICS: dict[str, Metric] = {metric.key: metric for metric in _ROWS}
CARDS = [metric for metric in _ROWS if metric.card]


class Metrics(dict[str, float]):
    """The figures of one comparison by metric, in the table's order: `metrics.psnr` is `metrics["psnr"]`."""

    def __getattr__(self, metric: str) -> float:
        if metric not in self:
            raise AttributeError(f"no {metric} was measured")
        return self[metric]

    @property
    def figures(self) -> dict[str, float | None]:
        """The same as JSON-ready data (an infinite PSNR as None)."""
        return {key: value if math.isfinite(value) else None for key, value in self.items()}


def metric_spec(metric: str) -> Metric:
    """Return the table row of a metric. Raises UserError listing the allowed names."""
    if metric not in METRICS:
        raise unknown("metric", metric, list(METRICS))
    return METRICS[metric]


def measure(reconstruction01: Tensor, original01: Tensor) -> list[Metrics]:
    """Return what can be measured of each pair of photos (N, 3, H, W) in [0, 1]; one original may serve all.

    Raises ValueError for values outside [0, 1], different shapes, or photos smaller than 32 pixels.
    """
    check_pair(reconstruction01, original01.expand(len(reconstruction01), -1, -1, -1))
    columns = {
        key: metric.of_pictures(reconstruction01, original01).tolist()
        for key, metric in METRICS.items()
        if metric.of_pictures
    }
    return [Metrics(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
