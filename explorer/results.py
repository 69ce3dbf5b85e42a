"""Measured results as the app shows them: what `python -m trainer evaluate` wrote, looked up and filtered.

Nothing is measured here, and nobody types a figure.
"""

import json
import logging
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from explorer.backbones import Layer
from explorer.configurations import (
    AnyConfiguration,
    check_names,
    configuration_of,
    decoder_order,
    layers_of,
)
from explorer.decoders import decoder_spec
from explorer.encoders import ENCODERS, encoder_spec
from explorer.errors import UserError, expect
from explorer.fusion import FUSIONS
from explorer.metrics import METRIC_SPECS, metric_spec
from explorer.weights import SOURCES

Row = Mapping[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Significance:
    """Paired tests among some configurations of the same features, for one metric.

    `difference[i][j]` is the mean of configuration i minus configuration j over the test photos, `p[i][j]`
    the p-value that there is none, after Holm's correction; None on the diagonal and for untested pairs.
    """

    names: list[str]
    metric: str
    difference: list[list[float | None]]
    p: list[list[float | None]]


@dataclass(frozen=True)
class Paired:
    """Figures of one configuration minus another's over the same test photos: mean, standard deviation."""

    mean: float
    std: float


@dataclass(frozen=True)
class Results:
    """The rows of a results file. Without a usable file there are none, and `reason` says why."""

    protocol: Row = field(default_factory=dict)
    rows: Sequence[Row] = ()
    baselines: Sequence[Row] = ()
    comparisons: Sequence[Row] = ()
    reason: str = ""

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Return the results in a file; what cannot be used is left out and logged, never raised."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            protocol = dict(found["protocol"])
            parts = [list(found[key]) for key in ("configurations", "baselines", "comparisons")]
        except FileNotFoundError:
            return cls(reason=f"{path.name} is not there: 'python -m trainer evaluate' makes it.")
        except (OSError, ValueError, KeyError, TypeError):
            return cls(reason=f"{path.name} is no results file: 'python -m trainer evaluate' makes it anew.")
        rows, baselines, comparisons = (
            [row for row in part if _usable(row, check, path.name)]
            for part, check in zip(parts, (_check_row, _check_baseline, _check_comparison), strict=True)
        )
        return cls(protocol, rows, baselines, comparisons)

    def row(self, configuration: AnyConfiguration) -> Row | None:
        """Return the row of a configuration, None if it was not measured."""
        return self._by_configuration.get(configuration)

    def highest_psnr(self, configurations: Iterable[AnyConfiguration]) -> AnyConfiguration | None:
        """Return the configuration with the highest mean PSNR over the test photos; None: not measured."""
        measured = {c: row["mean"]["psnr"] for c in configurations if (row := self.row(c))}
        return max(measured, key=measured.get, default=None)

    def spread(self, configuration: AnyConfiguration, metric: str) -> float | None:
        """Return the standard deviation of a metric over the test photos, None if it was not measured."""
        metric_spec(metric)
        row = self.row(configuration)
        return row["std"][metric] if row else None

    def percentile(self, configuration: AnyConfiguration, metric: str, value: float) -> float | None:
        """Return the share of the test photos, 0 to 1, that a photo with this value does better than.

        Better is higher or lower, as the metric has it; equal is not better. None if it was not measured.
        """
        better, row = metric_spec(metric).better, self.row(configuration)
        if not row or not row["per_image"]:
            return None
        return statistics.fmean(better(value, photo[metric]) for photo in row["per_image"])

    def paired(self, a: AnyConfiguration, b: AnyConfiguration, metric: str) -> Paired | None:
        """Return how a's figures differ from b's photo by photo; None if they do not share two photos.

        Photos on which both score the same count as no difference, infinite scores too.
        """
        metric_spec(metric)
        of_a, of_b = (
            {photo["image"]: photo[metric] for photo in (self.row(c) or {"per_image": ()})["per_image"]}
            for c in (a, b)
        )
        shared = [(of_a[image], of_b[image]) for image in of_a if image in of_b]
        differences = [0.0 if x == y else x - y for x, y in shared]
        if len(differences) < 2 or not all(map(math.isfinite, differences)):
            return None
        return Paired(statistics.fmean(differences), statistics.stdev(differences))

    def blur(self, size: int, metric: str) -> float | None:
        """Return the mean score of the test photos blurred on a `size` x `size` grid; None: not measured."""
        return self._baseline("blur", size, metric)

    def mean_photo(self, metric: str) -> float | None:
        """Return the mean score of showing the mean of the other photos, None if not measured."""
        return self._baseline("mean_photo", None, metric)

    def perfect(self, metric: str) -> float | None:
        """Return the mean score of the photo itself under a protocol that compares it with something else."""
        return self._baseline("photo", None, metric)

    def table(
        self,
        architecture: str | None = None,
        decoder: str | None = None,
        loss: str | None = None,
        weights: str | None = None,
        layer: str | None = None,
        size: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows that match, sorted by architecture, layer (shallow to deep), decoder and loss.

        Each has the configuration's five names, "name", "title", "target" (what it was trained to draw),
        "fused", "sources", "fusion" ("" for one source), "size" (its grid is size x size; None for several),
        "channels", "parameters", "milliseconds", and by metric "mean", "ci95" and "blur", which is the blur
        on the same grid (None if not measured).
        A fused row names its architectures and layers joined with " + " and is found under each of them.
        """
        wanted = {"decoder": decoder, "loss": loss, "weights": weights, "size": size}
        found = []
        for row in self.rows:
            shown = self._display(row)
            if all(value is None or shown[key] == value for key, value in wanted.items()) and any(
                architecture in (None, source) and layer in (None, name)
                for source, name in configuration_of(row).sources
            ):
                found.append((_order(row), shown))
        return [shown for _, shown in sorted(found, key=lambda pair: pair[0])]

    def significance(self, names: Sequence[str], metric: str) -> Significance:
        """Return the paired tests among the configurations with these names, for one metric."""
        metric_spec(metric)
        tested: dict[tuple[str, str], tuple[float, float]] = {}
        for row in self.comparisons:
            if row["figure"] == metric:
                tested[row["a"], row["b"]] = (row["difference"], row["p_holm"])
                tested[row["b"], row["a"]] = (-row["difference"], row["p_holm"])
        pairs = [[tested.get((a, b), (None, None)) for b in names] for a in names]
        return Significance(
            names=list(names),
            metric=metric,
            difference=[[difference for difference, _ in line] for line in pairs],
            p=[[p for _, p in line] for line in pairs],
        )

    @cached_property
    def _by_configuration(self) -> dict[AnyConfiguration, Row]:
        return {configuration_of(row): row for row in self.rows}

    @cached_property
    def _means(self) -> dict[tuple[str, int | None], Row]:
        return {(row["baseline"], row["size"]): row["mean"] for row in self.baselines}

    def _baseline(self, name: str, size: int | None, metric: str) -> float | None:
        metric_spec(metric)
        return self._means.get((name, size), {}).get(metric)

    def _display(self, row: Row) -> dict[str, Any]:
        sources, layers = configuration_of(row).sources, _layers(row)
        sizes = {layer.size for layer in layers}
        size = sizes.pop() if len(sizes) == 1 else None
        place = " + ".join(f"{encoder_spec(architecture).title} {layer}" for architecture, layer in sources)
        if "fusion" in row:
            place += f" ({FUSIONS[row['fusion']].title.lower()})"
        return {
            "architecture": " + ".join(dict.fromkeys(architecture for architecture, _ in sources)),
            "layer": " + ".join(layer for _, layer in sources),
            **{key: row[key] for key in ("decoder", "loss", "weights")},
            "sources": sources,
            "fusion": row.get("fusion", ""),
            "name": row_name(row),
            "title": f"{place}, {decoder_spec(row['decoder']).title} ({row['loss']})",
            "target": row.get("target", "photo"),
            "fused": "sources" in row,
            "size": size,
            "channels": sum(layer.channels for layer in layers),
            **{key: row.get(key) for key in ("parameters", "milliseconds")},
            **{key: dict(row[key]) for key in ("mean", "ci95")},
            "blur": {metric: self.blur(size, metric) for metric in METRIC_SPECS} if size else {},
        }


def row_name(row: Row) -> str:
    """Return the name of a row's configuration, as comparisons have it."""
    return configuration_of(row).name


def _layers(row: Row) -> list[Layer]:
    return layers_of(configuration_of(row))


def _order(row: Row) -> tuple:
    """Return what tables are sorted by: fused rows last, then the order of the tables of names."""
    architectures, sources = list(ENCODERS), configuration_of(row).sources
    places = [
        (_index(architectures, architecture), encoder_spec(architecture).layer_names.index(layer))
        for architecture, layer in sources
    ]
    weights, fusion = list(SOURCES).index(row["weights"]), row.get("fusion", "")
    return (len(sources) > 1, places, weights, fusion, decoder_order(row["decoder"]), row["loss"])


def _index(names: list[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def _usable(row: Any, check: Callable[[Any], None], file: str) -> bool:
    try:
        check(row)
    except (UserError, KeyError, TypeError, ValueError) as error:
        log.warning("row of %s left out: %s: %s", file, type(error).__name__, error)
        return False
    return True


def _check_row(row: Row) -> None:
    """Raise what `_usable` catches unless the row has all that is looked up in it, under known names."""
    check_names(configuration_of(row))
    for metric in METRIC_SPECS:
        low, high = row["ci95"][metric]
        expect(int | float, row["mean"][metric], row["std"][metric], low, high)
        expect(int | float, *(photo[metric] for photo in row["per_image"]))
    expect(str, *(photo["image"] for photo in row["per_image"]))


def _check_baseline(row: Row) -> None:
    expect(str, row["baseline"])
    expect(int | None, row["size"])
    expect(int | float, *(row["mean"][metric] for metric in METRIC_SPECS))


def _check_comparison(row: Row) -> None:
    expect(str, row["a"], row["b"], row["figure"])
    expect(int | float, row["difference"], row["p_holm"])
