"""The rows of a results file, typed. A file may be a stranger's: whatever is read of it is checked here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from explorer.configurations import (
    AnyConfiguration,
    FusedConfiguration,
    Place,
    check_names,
    configuration_of,
    decoder_order,
    layers_of,
)
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.measures.metrics import METRICS
from explorer.results.fields import (
    as_cost,
    as_number,
    as_share,
    as_text,
    as_whole,
    unless_none,
    within,
)

Interval = tuple[float, float]
Figures = dict[str, float]  # by metric
ALWAYS_MEASURED = ("psnr", "ssim", "lpips", "mse")  # other metrics may be younger than a file


@dataclass(frozen=True)
class Gain:
    """What several sources bring over the best of them alone: PSNR in dB, its 95 % interval, Holm's p."""

    psnr: float
    ci95: Interval
    p_holm: float


@dataclass(frozen=True)
class Lost:
    """What one of several sources brings: the PSNR in dB that is lost when it is replaced by its mean."""

    place: Place
    psnr: float


@dataclass(frozen=True)
class Row:
    """What was measured of one configuration over the test photos; None or empty: it was not.

    `target` is what it was trained to draw. Its grid has `size` x `size` places (None: it joins several
    grids) and `channels` in all. `milliseconds` are the decoder's for one photo. `mean`, `std`, `ci95` (the
    interval of the mean), `blur` (the blur of the same grid) and `flat` (one colour, the photo's mean) are by
    metric, `per_image` by photo and metric. `gain` and `lost` are of several sources. `collapsed` says why it
    must not be on offer, if so.
    """

    configuration: AnyConfiguration
    mean: Figures
    std: Figures
    ci95: dict[str, Interval]
    per_image: dict[str, Figures]
    blur: Figures
    size: int | None
    channels: int
    target: str = "photo"
    parameters: int | None = None
    milliseconds: float | None = None
    gain: Gain | None = None
    lost: tuple[Lost, ...] = ()
    flat: Figures = field(default_factory=dict)
    collapsed: str = ""

    @property
    def name(self) -> str:
        return self.configuration.name

    @property
    def fused(self) -> bool:
        """Whether it has several sources."""
        return isinstance(self.configuration, FusedConfiguration)

    @property
    def architectures(self) -> list[str]:
        """Those of its sources, each once."""
        return list(dict.fromkeys(architecture for architecture, _ in self.configuration.sources))

    @property
    def architecture(self) -> str:
        """The architectures of its sources in words, "vgg16 + alexnet"."""
        return " + ".join(self.architectures)

    @property
    def layer(self) -> str:
        """The layers of its sources in words, "block1 + conv1"."""
        return " + ".join(layer for _, layer in self.configuration.sources)

    def half_interval(self, metric: str) -> float:
        """Return half the width of the 95 % interval of a metric's mean."""
        low, high = self.ci95[metric]
        return (high - low) / 2


@dataclass(frozen=True)
class Baseline:
    """The means of what needs no features: "blur" on a grid of `size`, "flat", "mean_photo" or "photo".

    `judged` is what judges say of it at a layer of an encoder with some weights.
    """

    name: str
    size: int | None
    mean: Figures
    judged: Mapping[tuple[str, str, str], Figures] = field(default_factory=dict)

    def at(self, configuration: AnyConfiguration) -> Figures:
        """Return its means, with the judges' of the configuration's layer if there are any."""
        [place, *others] = configuration.sources
        return self.mean | ({} if others else self.judged.get((*place, configuration.weights), {}))


@dataclass(frozen=True)
class PairedTest:
    """One paired test: the mean difference of two configurations, a minus b, and Holm's p."""

    a: str
    b: str
    metric: str
    difference: float
    p_holm: float


def read_row(raw: Mapping[str, Any], baselines: Sequence[Baseline]) -> Row:
    """Return a row of the file, beside its baselines.

    Raises UserError, KeyError, TypeError or ValueError unless all that is looked up is there, of the right
    type and under known names.
    """
    as_text(raw["decoder"])
    configuration = configuration_of(raw)
    check_names(configuration)
    metrics = [key for key in METRICS if key in ALWAYS_MEASURED or key in raw["mean"]]
    layers = layers_of(configuration)
    lost = tuple(map(_lost, raw.get("contributions") or ()))
    if lost and tuple(x.place for x in lost) != configuration.sources:
        raise ValueError("its contributions are not of its sources")
    size = layers[0].size if len({layer.size for layer in layers}) == 1 else None
    return Row(
        configuration=configuration,
        mean=_figures(raw["mean"], metrics),
        std=_figures(raw["std"], metrics),
        ci95={metric: _interval(raw["ci95"][metric]) for metric in metrics},
        per_image={as_text(photo["image"]): _figures(photo, metrics) for photo in raw["per_image"]},
        blur=_beside(baselines, "blur", size, configuration) if size else {},
        flat=_beside(baselines, "flat", None, configuration),
        size=size,
        channels=sum(layer.channels for layer in layers),
        target=as_text(raw.get("target", "photo")),
        parameters=unless_none(as_whole, raw.get("parameters")),
        milliseconds=unless_none(as_cost, raw.get("milliseconds")),
        gain=unless_none(_gain, raw.get("gain")),
        lost=lost,
        collapsed=as_text(raw.get("collapsed", "")),
    )


def read_baseline(raw: Mapping[str, Any]) -> Baseline:
    """Return a baseline of the file. Raises as `read_row` does."""
    judged = {
        tuple(as_text(x[key]) for key in ("architecture", "layer", "weights")): _known_figures(x["mean"])
        for x in raw.get("judged", ())
    }
    size = unless_none(as_whole, raw["size"])
    return Baseline(as_text(raw["baseline"]), size, _known_figures(raw["mean"]), judged)


def read_test(raw: Mapping[str, Any]) -> PairedTest:
    """Return a paired test of the file. Raises as `read_row` does."""
    names = (as_text(raw[key]) for key in ("a", "b", "figure"))
    return PairedTest(*names, as_number(raw["difference"]), as_share(raw["p_holm"]))


def table_order(row: Row) -> tuple:
    """Return what tables are sorted by: fused rows last, then the order of the tables of names."""
    c, known = row.configuration, list(ENCODERS)
    places = [
        (
            known.index(architecture) if architecture in known else len(known),
            encoder_spec(architecture).layer_names.index(layer),
        )
        for architecture, layer in c.sources
    ]
    fusion = c.fusion if isinstance(c, FusedConfiguration) else ""
    return (row.fused, places, list(WEIGHTS).index(c.weights), fusion, decoder_order(c.decoder), c.loss)


def _gain(raw: Mapping[str, Any]) -> Gain:
    return Gain(as_number(raw["psnr"]), _interval(raw["ci95"]), as_share(raw["p_holm"]))


def _lost(raw: Mapping[str, Any]) -> Lost:
    architecture, layer = raw["source"]
    return Lost((as_text(architecture), as_text(layer)), as_number(raw["loss"]))


def _beside(baselines: Sequence[Baseline], name: str, size: int | None, c: AnyConfiguration) -> Figures:
    return next((x.at(c) for x in baselines if (x.name, x.size) == (name, size)), {})


def _known_figures(raw: Mapping[str, Any]) -> Figures:
    return _figures(raw, [metric for metric in METRICS if metric in raw])


def _figures(raw: Mapping[str, Any], metrics: list[str]) -> Figures:
    return {metric: as_number(raw[metric]) for metric in metrics}


def _interval(raw: Any) -> Interval:
    low, high = map(as_number, raw)
    return within((low, high), low <= high)
