"""What `python -m trainer compare` measured of decoders that were trained alike; nothing is measured here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.configurations import Configuration, check_names, configuration_of, decoder_order
from explorer.decoders.losses import LOSSES
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.measures.metrics import METRICS
from explorer.results.fields import as_number, as_share, as_whole, read_file, usable, within

MEASURES = ("psnr", "ssim", "lpips")
SIMPLE = "transposed_conv"
PROVEN = 0.05  # of the p-value after correction


@dataclass(frozen=True)
class Over:
    """The mean paired difference to the simple decoder, its 95 % interval, and the corrected p-value."""

    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Trained:
    """One decoder, trained with one seed or several: figures by measure, means over photos.

    `of_seeds` are the mean PSNR of each seed. `over` is empty for the simple decoder, which the others are
    compared with.
    """

    configuration: Configuration
    parameters: int
    steps: int
    of_seeds: Sequence[float]
    mean: Mapping[str, float]
    over: Mapping[str, Over]

    @property
    def kind(self) -> str:
        return split_size(self.configuration.decoder)[0]

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """Where it stands in the comparison: (architecture, weights, layer, loss, size)."""
        c = self.configuration
        return c.architecture, c.weights, c.layer, c.loss, split_size(c.decoder)[1]

    def cell(self, measure: str) -> str:
        """Return its figure, and how far it is above the simple decoder's: "21.30, +0.35 ± 0.05"."""
        spec = METRICS[measure]
        figure, over = spec.format(self.mean[measure]), self.over.get(measure)
        if over is None:
            return figure
        return f"{figure}, {over.difference:+.{spec.digits}f} ± {(over.high - over.low) / 2:.{spec.digits}f}"


@dataclass(frozen=True)
class Line:
    """The decoders of one size for one layer and loss, by kind."""

    architecture: str
    weights: str
    layer: str
    loss: str
    size: str
    rows: Mapping[str, Trained]

    @property
    def name(self) -> str:
        """Of what network and layer: "ResNet-34 layer2, random weights"."""
        random = ", random weights" if self.weights == "random" else ""
        return f"{encoder_spec(self.architecture).title} {self.layer}{random}"

    @property
    def parameters(self) -> str:
        """Their size in words: "0.03 to 0.52 M"."""
        millions = sorted(row.parameters / 1e6 for row in self.rows.values())
        ends = dict.fromkeys(f"{end:.2f}" for end in (millions[0], millions[-1]))
        return f"{' to '.join(ends)} M"

    @property
    def seeds(self) -> int:
        return max(len(row.of_seeds) for row in self.rows.values())

    def best(self, measure: str) -> str:
        """Return the kind of decoder that has the best mean."""
        sign = 1 if METRICS[measure].higher else -1
        return max(self.rows, key=lambda kind: sign * self.rows[kind].mean[measure])

    def ahead(self, measure: str) -> str:
        """Return who is proven ahead: "simple" (of every other), "other" (one of them), else ""."""
        sign = 1 if METRICS[measure].higher else -1
        tests = [row.over[measure] for row in self.rows.values() if measure in row.over]
        proven = [sign * test.difference for test in tests if test.p < PROVEN]
        if any(difference > 0 for difference in proven):
            return "other"
        return "simple" if tests and len(proven) == len(tests) else ""


@dataclass(frozen=True)
class Count:
    """In how many of `lines` the simple decoder is proven ahead of all others, and another one of it."""

    lines: int
    simple: int
    other: int


@dataclass(frozen=True)
class Alike:
    """The comparison; without rows there is none."""

    photos: int = 0
    rows: Sequence[Trained] = ()

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Alike":
        """Return the comparison in a file's data, without the rows that cannot be used, which are logged.

        Raises KeyError, TypeError, ValueError or AttributeError.
        """
        photos = as_whole(raw["protocol"]["photos"])
        return cls(photos, list(usable(_trained, list(raw["rows"]), "the comparison")))

    @classmethod
    def read(cls, path: Path) -> "Alike":
        """Return the comparison in a file; one that cannot be used is logged, never raised."""
        return read_file(path, cls.of, cls(), "comparison of decoders")

    @property
    def kinds(self) -> list[str]:
        """The kinds of decoders, the simple one first."""
        return sorted({row.kind for row in self.rows}, key=decoder_order)

    @property
    def lines(self) -> list[Line]:
        found: dict[tuple[str, ...], dict[str, Trained]] = {}
        for row in self.rows:
            found.setdefault(row.place, {})[row.kind] = row
        return [Line(*place, rows) for place, rows in sorted(found.items(), key=_in_order)]

    @property
    def spread(self) -> float:
        """How far seeds of one decoder are apart at most, in dB of their mean PSNR."""
        return max((max(row.of_seeds) - min(row.of_seeds) for row in self.rows), default=0.0)

    def count(self, measure: str, size: str) -> Count:
        """Count the lines of decoders of one size by who is proven ahead."""
        ahead = [line.ahead(measure) for line in self.lines if line.size == size]
        return Count(len(ahead), ahead.count("simple"), ahead.count("other"))


def _in_order(found: tuple[tuple[str, ...], Any]) -> tuple[str, int, str, str, int]:
    architecture, weights, layer, loss, size = found[0]
    return size, list(ENCODERS).index(architecture), weights, layer, list(LOSSES).index(loss)


def split_size(decoder: str) -> tuple[str, str]:
    """Return a decoder's kind and its size, "" as published or "@1M": ("wavelet", "@1M")."""
    kind, at, budget = decoder.partition("@")
    return kind, at + budget


def _trained(raw: Mapping[str, Any]) -> Trained:
    c = configuration_of(raw)
    check_names(c)
    if not isinstance(c, Configuration) or c.architecture not in ENCODERS:
        raise ValueError("it is of an ensemble, or of a network without a row in the table")
    over = {m: _over(raw["over_simple"][m]) for m in MEASURES if raw["over_simple"] is not None}
    mean = {m: as_number(raw["mean"][m]) for m in MEASURES}
    of_seeds = [as_number(figure) for figure in raw["by_seed"]["psnr"]]
    within(of_seeds, bool(of_seeds))
    return Trained(c, as_whole(raw["parameters"]), as_whole(raw["steps"]), of_seeds, mean, over)


def _over(raw: Mapping[str, Any]) -> Over:
    low, high = map(as_number, raw["ci95"])
    return Over(as_number(raw["difference"]), low, high, as_share(raw["p_holm"]))
