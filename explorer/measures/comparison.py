"""Two reconstructions of one photo side by side: which is better by how much."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from explorer.configurations import Configuration
from explorer.errors import UserError, shortened
from explorer.measures.metrics import METRICS, Metric, Metrics
from explorer.words import words

said = words("verdict")
EXAMPLE = "vgg16/block1/linear/mse"


@dataclass(frozen=True)
class Paired:
    """Figures of one configuration minus another's over the same test photos: mean, standard deviation."""

    mean: float
    std: float


@dataclass(frozen=True)
class Verdict:
    """One metric of both: `winner` is "a", "b" or "" for equal, `by` the distance between them.

    `usual` and `spread` are mean and standard deviation of a minus b over the test photos, None if they were
    not measured, and `in_spreads` is `by` in units of that spread.
    """

    metric: str
    a: float
    b: float
    winner: str
    by: float
    usual: float | None
    spread: float | None
    in_spreads: float | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return this as JSON-ready data (an infinite PSNR as None)."""
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }


def verdicts(a: Metrics, b: Metrics, paired: Mapping[str, Paired | None]) -> list[Verdict]:
    """Return the verdict on each metric of both; `paired` is how a differs from b over the test photos."""
    found = []
    for key, metric in METRICS.items():
        if key not in a or key not in b:
            continue
        values = (a[key], b[key])
        by = 0.0 if values[0] == values[1] else abs(values[0] - values[1])
        winner = "a" if metric.better(*values) else "b" if by else ""
        usual = paired.get(key)
        in_spreads = by / usual.std if usual and usual.std and math.isfinite(by) else None
        sentence = _sentence(metric, values, winner, by, usual)
        found.append(
            Verdict(
                key,
                *values,
                winner=winner,
                by=by,
                usual=usual and usual.mean,
                spread=usual and usual.std,
                in_spreads=in_spreads,
                sentence=sentence,
            )
        )
    return found


def parse_configuration(text: str) -> Configuration:
    """Return the configuration written as architecture/layer/decoder/loss or .../loss/weights.

    The names are not looked up. Raises UserError for another form.
    """
    parts = text.split("/")
    if len(parts) not in (4, 5) or not all(parts):
        raise UserError(
            f"{shortened(text)!r} is no configuration: write architecture/layer/decoder/loss, such as "
            f"{EXAMPLE}, and /random after it for random weights."
        )
    return Configuration(*parts)


def _sentence(
    metric: Metric, values: tuple[float, float], winner: str, by: float, usual: Paired | None
) -> str:
    if not winner:
        return said.equal.format(metric=metric.name, value=metric.with_unit(values[0]))
    letters = ("A", "B") if winner == "a" else ("B", "A")
    better, worse = values if winner == "a" else values[::-1]
    text = said.better.format(
        metric=metric.name,
        better=letters[0],
        worse=letters[1],
        by=metric.with_unit(by),
        better_value=metric.with_unit(better),
        worse_value=metric.with_unit(worse),
    )
    if not usual or not usual.std or not math.isfinite(by):
        return f"{text}."
    leader = "A" if metric.better(usual.mean, 0.0) else "B"
    mean = metric.with_unit(abs(usual.mean))
    return said.usual.format(better=text, spreads=f"{by / usual.std:.1f}", leader=leader, mean=mean)
