"""The charts of the Results tab: which rows each one is of, how it is drawn, and what it says in a sentence.

The sentences are made from the rows: no figure is typed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from explorer.configurations import Configuration
from explorer.encoders.table import encoder_spec
from explorer.measures.metrics import METRICS
from explorer.pictures import plots
from explorer.pictures.plots.results import PROVEN
from explorer.results.measured import Results, Significance
from explorer.results.rows import Row
from explorer.ui.results_table import csv_row, row_title
from explorer.ui.texts import texts

CLOSE = 1  # dB: as good as the best, for what it costs
text = texts("results")
decibels = METRICS["psnr"].with_unit


@dataclass(frozen=True)
class Chart:
    """One chart: `of` the rows of the "table", or all of the "network" or "layer" that the controls say.

    `draw(results, rows)` returns the figure, `read(results, rows)` its sentence and `data(results, rows)` the
    rows of its CSV file; none of them is asked about no rows.
    """

    of: str
    draw: Callable[[Results, Sequence[Row]], go.Figure]
    read: Callable[[Results, Sequence[Row]], str]
    data: Callable[[Results, Sequence[Row]], list[dict[str, Any]]] = lambda results, rows: [
        csv_row(row) for row in rows
    ]

    def rows(self, results: Results, table: Sequence[Row], c: Configuration) -> list[Row]:
        """Return the rows it shows, of those in the table or of the network and layer of `c`."""
        if self.of == "table":
            return list(table)
        layer = c.layer if self.of == "layer" else None
        found = results.select(architecture=c.architecture, weights=c.weights, layer=layer)
        return [row for row in found if not row.fused]

    def scope(self, c: Configuration) -> str:
        """Return where its rows come from, and how to choose others."""
        place = encoder_spec(c.architecture).title + (f" {c.layer}" if self.of == "layer" else "")
        return text.scope(self.of, place)


def psnr(row: Row) -> float:
    return row.mean["psnr"]


def read_by_size(results: Results, rows: Sequence[Row]) -> str:
    """Say how the best decoder and the blur fall from the finest grid to the coarsest."""
    sizes = sorted({row.size for row in rows if row.size}, reverse=True)
    if not sizes:
        return text.no_grid
    ends = {
        f"{size}×{size} locations": [row for row in rows if row.size == size]
        for size in (sizes[0], sizes[-1])
    }
    return _fall(ends)


def read_by_layer(results: Results, rows: Sequence[Row]) -> str:
    """Say how the best decoder and the blur fall from the shallowest layer to the deepest."""
    first, last = rows[0].layer, rows[-1].layer  # tables are sorted, shallow to deep
    return _fall({layer: [row for row in rows if row.layer == layer] for layer in (first, last)})


def _fall(ends: dict[str, Sequence[Row]]) -> str:
    """Return the best of one or two places in words, each beside the blur of the same grid."""
    best = [max(rows, key=psnr) for rows in ends.values()]
    blurs = [row.blur.get("psnr") for row in best]
    known = list(map(decibels, blurs)) if None not in blurs else []
    return text.fall(list(ends), [decibels(psnr(row)) for row in best], known)


def read_by_decoder(results: Results, rows: Sequence[Row]) -> str:
    """Say which decoder is best at a layer and how it stands to the blur."""
    best = max(rows, key=psnr)
    above = psnr(best) - best.blur.get("psnr", psnr(best))
    distance = decibels(abs(above)) if "psnr" in best.blur else ""
    return text.best(row_title(best), decibels(psnr(best)), distance, above >= 0)


def read_plane(results: Results, rows: Sequence[Row]) -> str:
    """Say which is the most exact and which the judging network finds nearest."""
    ends = (max(rows, key=psnr), min(rows, key=lambda row: row.mean["lpips"]))
    lpips = METRICS["lpips"].with_unit
    return text.plane(*((row_title(x), decibels(psnr(x)), lpips(x.mean["lpips"])) for x in ends))


def read_cost(cost: str, digits: str, results: Results, rows: Sequence[Row]) -> str:
    """Say what the best one costs, and the cheapest that is nearly as good."""
    priced = [row for row in rows if getattr(row, cost) is not None]
    if not priced:
        return text.no_cost
    best = max(priced, key=psnr)
    close = [row for row in priced if psnr(row) >= psnr(best) - CLOSE]
    cheap = min(close, key=lambda row: getattr(row, cost))
    said = [
        (row_title(row), decibels(psnr(row)), f"{getattr(row, cost):{digits}} {cost}")
        for row in (best, cheap)
    ]
    return text.price(said[0], said[1] if cheap is not best else None, f"{CLOSE} dB")


def significance(results: Results, rows: Sequence[Row]) -> Significance:
    return results.significance([row.name for row in rows], "psnr")


def read_significance(results: Results, rows: Sequence[Row]) -> str:
    """Say how many pairs were proven to differ."""
    ps = [pair["p"] for pair in pairs(results, rows)]
    return text.proven(sum(p < PROVEN for p in ps), len(ps), PROVEN) if ps else text.no_tests


def pairs(results: Results, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the tested pairs of a significance matrix, each once: a, b, difference (a minus b), p."""
    found = significance(results, rows)
    return [
        {"a": a, "b": b, "metric": found.metric, "difference": found.difference[i][j], "p": found.p[i][j]}
        for i, a in enumerate(found.names)
        for j, b in enumerate(found.names)
        if i < j and found.p[i][j] is not None
    ]


def _priced(cost: str, digits: str) -> Chart:
    return Chart(
        "table",
        lambda results, rows: plots.quality_and_cost(rows, cost),
        lambda results, rows: read_cost(cost, digits, results, rows),
    )


CHARTS = {
    "size": Chart("table", lambda results, rows: plots.by_size(rows), read_by_size),
    "layers": Chart(
        "network",
        lambda results, rows: plots.by_layer(rows),
        read_by_layer,
    ),
    "decoders": Chart(
        "layer",
        lambda results, rows: plots.by_decoder(rows),
        read_by_decoder,
    ),
    "significance": Chart(
        "layer",
        lambda results, rows: plots.significance_matrix(significance(results, rows)),
        read_significance,
        pairs,
    ),
    "plane": Chart(
        "table",
        lambda results, rows: plots.perception_distortion(rows),
        read_plane,
    ),
    "parameters": _priced("parameters", ","),
    "milliseconds": _priced("milliseconds", ".1f"),
}
