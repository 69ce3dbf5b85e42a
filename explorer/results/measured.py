"""Measured results as the app shows them: what `python -m trainer evaluate` wrote, looked up and filtered.

Nothing is measured here, and nobody types a figure.
"""

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from explorer.configurations import AnyConfiguration
from explorer.measures.comparison import Paired
from explorer.measures.metrics import metric_spec
from explorer.results.fields import plain_fields, usable
from explorer.results.rows import Baseline, PairedTest, Row, read_baseline, read_row, read_test, table_order


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
class Results:
    """What a results file holds; its rows run through architectures, layers (shallow to deep) and decoders.

    `protocol` says how they were measured, in the file's own texts and whole numbers. Without a usable file
    there are no rows, and `reason` says why.
    """

    protocol: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    baselines: Sequence[Baseline] = ()
    tests: Sequence[PairedTest] = ()
    reason: str = ""

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Return the results in a file; what cannot be used is left out and logged, never raised."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            protocol = plain_fields(found["protocol"])
            rows, baselines, tests = (list(found[x]) for x in ("configurations", "baselines", "comparisons"))
        except FileNotFoundError:
            return cls(reason=f"{path.name} is not there: 'python -m trainer evaluate' makes it.")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls(reason=f"{path.name} is no results file: 'python -m trainer evaluate' makes it anew.")
        baselines = list(usable(read_baseline, baselines, path.name))
        rows = sorted(usable(lambda raw: read_row(raw, baselines), rows, path.name), key=table_order)
        return cls(protocol, rows, baselines, list(usable(read_test, tests, path.name)))

    def row(self, configuration: AnyConfiguration) -> Row | None:
        """Return the row of a configuration, None if it was not measured."""
        return self._by_configuration.get(configuration)

    def select(
        self,
        architecture: str | None = None,
        decoder: str | None = None,
        loss: str | None = None,
        weights: str | None = None,
        layer: str | None = None,
    ) -> list[Row]:
        """Return the rows that match, in their order; fused ones are found under each of their sources."""
        wanted = {"decoder": decoder, "loss": loss, "weights": weights}
        asked = {key: value for key, value in wanted.items() if value is not None}
        return [
            row
            for row in self.rows
            if all(getattr(row.configuration, key) == value for key, value in asked.items())
            and any(
                architecture in (None, name) and layer in (None, place)
                for name, place in row.configuration.sources
            )
        ]

    def preferred(self, configurations: Iterable[AnyConfiguration]) -> AnyConfiguration | None:
        """Return the configuration whose pictures of the test photos the judge prefers; None: not measured.

        PSNR decides where the judge was not asked.
        """
        asked = list(configurations)
        return self.best(asked, "similarity") or self.best(asked, "psnr")

    def best(self, configurations: Iterable[AnyConfiguration], metric: str) -> AnyConfiguration | None:
        """Return the configuration with the best mean of a metric on the test photos; None: not measured."""
        sign = 1 if metric_spec(metric).higher else -1
        rows = [row for c in configurations if (row := self.row(c)) and metric in row.mean]
        best = max(rows, key=lambda row: sign * row.mean[metric], default=None)
        return best and best.configuration

    def collapsed(self, ready: Iterable[AnyConfiguration]) -> list[AnyConfiguration]:
        """Return those that collapsed though they were trained to draw more than a mean.

        What decoders for mse draw is the mean of all photos with such features: where that is a blur, it
        says how little they tell, and nothing that is not there.
        """
        return [c for c in ready if c.loss != "mse" and (row := self.row(c)) and row.collapsed]

    def percentile(self, configuration: AnyConfiguration, metric: str, value: float) -> float | None:
        """Return the share of the test photos, 0 to 1, that a photo with this value does better than.

        Better is higher or lower, as the metric has it; equal is not better. None if it was not measured.
        """
        better, values = metric_spec(metric).better, self._values(configuration, metric).values()
        return statistics.fmean(better(value, other) for other in values) if values else None

    def paired(self, a: AnyConfiguration, b: AnyConfiguration, metric: str) -> Paired | None:
        """Return how a's figures differ from b's photo by photo; None if they do not share two photos.

        Photos on which both score the same count as no difference, infinite scores too.
        """
        of_a, of_b = self._values(a, metric), self._values(b, metric)
        shared = [(of_a[image], of_b[image]) for image in of_a if image in of_b]
        differences = [0.0 if x == y else x - y for x, y in shared]
        if len(differences) < 2 or not all(map(math.isfinite, differences)):
            return None
        return Paired(statistics.fmean(differences), statistics.stdev(differences))

    def mean_photo(self, metric: str) -> float | None:
        """Return the mean score of showing the mean of the other photos, None if not measured."""
        return self._baseline("mean_photo", metric)

    def perfect(self, metric: str) -> float | None:
        """Return the mean score of the photo itself under a protocol that compares it with something else."""
        return self._baseline("photo", metric)

    def significance(self, names: Sequence[str], metric: str) -> Significance:
        """Return the paired tests among the configurations with these names, for one metric."""
        tested: dict[tuple[str, str], tuple[float, float]] = {}
        for test in self.tests:
            if test.metric == metric:
                tested[test.a, test.b] = (test.difference, test.p_holm)
                tested[test.b, test.a] = (-test.difference, test.p_holm)
        pairs = [[tested.get((a, b), (None, None)) for b in names] for a in names]
        return Significance(
            names=list(names),
            metric=metric,
            difference=[[difference for difference, _ in line] for line in pairs],
            p=[[p for _, p in line] for line in pairs],
        )

    @cached_property
    def _by_configuration(self) -> dict[AnyConfiguration, Row]:
        return {row.configuration: row for row in self.rows}

    def _baseline(self, name: str, metric: str) -> float | None:
        return next((x.mean.get(metric) for x in self.baselines if x.name == name), None)

    def _values(self, configuration: AnyConfiguration, metric: str) -> dict[str, float]:
        """Return a metric by photo. Raises UserError for an unknown metric."""
        metric_spec(metric)
        row = self.row(configuration)
        return (
            {image: photo[metric] for image, photo in row.per_image.items() if metric in photo} if row else {}
        )
