"""The table of measured results: its columns, its rows as HTML and as CSV.

Every row is a link to the view it was measured of; static/results_table.js sorts the table and turns a plain
click into an event of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from explorer.configurations import FusedConfiguration
from explorer.decoders import decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.table import encoder_spec
from explorer.measures.metrics import METRICS, NONE
from explorer.results.rows import Row
from explorer.ui.choices import LOSS_NAMES, ensemble_query
from explorer.ui.texts import texts

words = texts("results")
SHOWN = (
    "psnr",
    "ssim",
    "lpips",
    "feature_error",
    "similarity",
    "weave",
)  # metrics with a column of their own; the CSV file has all


@dataclass(frozen=True)
class Column:
    """A column: its heading, a cell's text, and the number it is sorted by (None: by its text).

    `half` is half the interval of a figure, and `in_loss` whether the row's decoder was trained for it;
    `falling` says whether the first click sorts from high to low; `about` explains the heading.
    """

    title: str
    text: Callable[[Row], str]
    number: Callable[[Row], float | None] | None = None
    half: Callable[[Row], str] | None = None
    in_loss: Callable[[Row], bool] = lambda row: False
    falling: bool = False
    about: str = ""


def _metric(key: str) -> Column:
    metric = METRICS[key]
    return Column(
        f"{metric.heading} {metric.arrow}",
        lambda row: metric.format(row.mean.get(key)),
        lambda row: row.mean.get(key),
        half=lambda row: metric.format(row.half_interval(key)) if key in row.ci95 else "",
        in_loss=lambda row: metric.in_loss(row.configuration.decoder, row.configuration.loss),
        falling=metric.higher,
        about=words.metric_about.format(direction=metric.direction.capitalize()),
    )


def _named(key: str, *cells: Any, **more: Any) -> Column:
    """Return a column whose heading is in the texts."""
    title, about = words.columns[key]
    return Column(title, *cells, about=about, **more)


def _number(value: float | None, text: str) -> str:
    return NONE if value is None else format(value, text)


def network_title(row: Row) -> str:
    """Return the title of a row's network, those of a fused one joined."""
    return " + ".join(encoder_spec(name).title for name in row.architectures)


def decoder_title(row: Row) -> str:
    """Return the title of a row's decoder, with the fusion before it, if any."""
    c = row.configuration
    title = decoder_spec(c.decoder).title
    if not isinstance(c, FusedConfiguration):
        return title
    return words.after_fusion.format(decoder=title, fusion=FUSIONS[c.fusion].title.lower())


def row_title(row: Row) -> str:
    """Return a row's network, layer, decoder and loss in a few words."""
    names = {"network": network_title(row), "layer": row.layer, "decoder": decoder_title(row)}
    return words.row.format(**names, loss=row.configuration.loss)


COLUMNS = (
    _named("network", network_title),
    _named("layer", lambda row: row.layer),
    _named(
        "grid",
        lambda row: f"{row.size}×{row.size}" if row.size else words.several,
        lambda row: row.size,
        falling=True,
    ),
    _named("decoder", decoder_title),
    _named("loss", lambda row: LOSS_NAMES[row.configuration.loss]),
    _named("weights", lambda row: words.weights_names[row.configuration.weights]),
    *map(_metric, SHOWN),
    _named(
        "blur",
        lambda row: METRICS["psnr"].format(row.blur.get("psnr")),
        lambda row: row.blur.get("psnr"),
        falling=True,
    ),
    _named(
        "blur_similarity",
        lambda row: METRICS["similarity"].format(row.blur.get("similarity")),
        lambda row: row.blur.get("similarity"),
        falling=True,
    ),
    _named("parameters", lambda row: _number(row.parameters, ","), lambda row: row.parameters),
    _named("ms", lambda row: _number(row.milliseconds, ".1f"), lambda row: row.milliseconds),
)


def table_html(rows: Sequence[Row]) -> str:
    """Return the table; the first row's link is where Tab stops."""
    lines = [(row, row_title(row), urlencode(address(row))) for row in rows]
    return texts("results").table(COLUMNS, lines)


def address(row: Row) -> dict[str, str]:
    """Return the address of the view that a row was measured of."""
    if row.fused:
        return ensemble_query(row.configuration)
    return {"tab": "explore"} | asdict(row.configuration)


def csv_row(row: Row) -> dict[str, Any]:
    """Return a row's names and figures as one flat dictionary, the intervals as _low and _high."""
    c = row.configuration
    found: dict[str, Any] = {"architecture": row.architecture, "layer": row.layer}
    found |= {"fusion": c.fusion if isinstance(c, FusedConfiguration) else "", "decoder": c.decoder}
    found |= {"loss": c.loss, "weights": c.weights, "target": row.target}
    found |= {"size": row.size, "channels": row.channels}
    for metric in METRICS:
        low, high = row.ci95.get(metric, (None, None))
        found |= {metric: row.mean.get(metric), f"{metric}_low": low, f"{metric}_high": high}
        found |= {f"blur_{metric}": row.blur.get(metric)}
    return found | {"parameters": row.parameters, "milliseconds": row.milliseconds}
