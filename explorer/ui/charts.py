"""The charts of the Results tab: which rows each one is of, how it is drawn, and what it says in a sentence.

The sentences are made from the rows: no figure is typed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from explorer.configurations import Configuration
from explorer.decoders import decoder_spec
from explorer.measures.metrics import metric_spec
from explorer.pictures import plots
from explorer.pictures.plots.results import PROVEN
from explorer.results.measured import Results, Significance
from explorer.ui.results_table import Row, csv_row, network_title, short_title

CLOSE = 1.0  # dB: as good as the best, for what it costs


@dataclass(frozen=True)
class Chart:
    """One chart: `of` the rows of the "table", or all of the "network" or "layer" that the controls say.

    `draw(results, rows)` returns the figure, `read(results, rows)` its sentence and `data(results, rows)` the
    rows of its CSV file; none of them is asked about no rows.
    """

    title: str
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
        found = results.table(architecture=c.architecture, weights=c.weights, layer=layer)
        return [row for row in found if not row["fused"]]

    def scope(self, c: Configuration) -> str:
        """Return where its rows come from, and how to choose others."""
        if self.of == "table":
            return "It shows the rows of the table: choose them above."
        place = short_title(c.architecture) + (f" {c.layer}" if self.of == "layer" else "")
        return f"It shows {place}: choose another {self.of} in the controls."


def psnr(row: Row) -> float:
    return row["mean"]["psnr"]


def db(value: float) -> str:
    return f"{value:.1f} dB"


def name(row: Row) -> str:
    """Return a row's network, layer, decoder and loss in a few words."""
    return f"{network_title(row)} {row['layer']}, {decoder_spec(row['decoder']).title} ({row['loss']})"


def read_by_size(results: Results, rows: Sequence[Row]) -> str:
    """Say how the best decoder and the blur fall from the finest grid to the coarsest."""
    sized = [row for row in rows if row["size"]]
    if not sized:
        return "These rows join several grids, so that they have no place on this axis."
    ends = [[row for row in sized if row["size"] == size] for size in _ends(row["size"] for row in sized)]
    names = [f"{group[0]['size']}×{group[0]['size']} locations" for group in ends]
    return _fall([max(group, key=psnr) for group in ends], names)


def read_by_layer(results: Results, rows: Sequence[Row]) -> str:
    """Say how the best decoder and the blur fall from the shallowest layer to the deepest."""
    layers = list(dict.fromkeys(row["layer"] for row in rows))  # tables are sorted, shallow to deep
    ends = [
        [row for row in rows if row["layer"] == layer] for layer in dict.fromkeys((layers[0], layers[-1]))
    ]
    return _fall([max(group, key=psnr) for group in ends], [group[0]["layer"] for group in ends])


def _ends(values: Any) -> list[Any]:
    """Return the highest and the lowest value, once if they are the same."""
    different = sorted(set(values), reverse=True)
    return different[:1] + different[1:][-1:]


def _fall(best: Sequence[Row], names: Sequence[str]) -> str:
    """Return the best of one or two places in words, each beside the blur of the same grid."""
    (first, blurred), (last, last_blurred) = [
        (db(psnr(row)), row["blur"].get("psnr")) for row in (best[0], best[-1])
    ]
    known = None not in (blurred, last_blurred)
    if len(best) == 1:
        beside = f"; a blur of the same grid has {db(blurred)}" if known else ""
        return f"With {names[0]} the best decoder reaches {first}{beside}."
    beside = f"; a blur of the same grid from {db(blurred)} to {db(last_blurred)}" if known else ""
    return f"From {names[0]} to {names[1]} the best decoder goes from {first} to {last}{beside}."


def read_by_decoder(results: Results, rows: Sequence[Row]) -> str:
    """Say which decoder is best at a layer and how it stands to the blur."""
    best, blur = max(rows, key=psnr), rows[0]["blur"].get("psnr")
    beside = ""
    if blur is not None:
        beside = (
            f", {db(abs(psnr(best) - blur))} {'above' if psnr(best) >= blur else 'below'} the dashed blur"
        )
    return f"Best is {name(best)} with {db(psnr(best))}{beside}."


def read_plane(results: Results, rows: Sequence[Row]) -> str:
    """Say which is the most exact and which the judging network finds nearest."""
    exact, near = max(rows, key=psnr), min(rows, key=lambda row: row["mean"]["lpips"])
    if exact is near:
        return (
            f"{name(exact)} is both the most exact ({db(psnr(exact))}) and the nearest to the judging "
            f"network (LPIPS {_lpips(near)})."
        )
    return (
        f"Most exact is {name(exact)} ({db(psnr(exact))}, LPIPS {_lpips(exact)}); nearest to the judging "
        f"network is {name(near)} ({db(psnr(near))}, LPIPS {_lpips(near)})."
    )


def _lpips(row: Row) -> str:
    return metric_spec("lpips").with_unit(row["mean"]["lpips"])


def read_cost(cost: str, text: str, results: Results, rows: Sequence[Row]) -> str:
    """Say what the best one costs, and the cheapest that is nearly as good."""
    priced = [row for row in rows if row[cost] is not None]
    if not priced:
        return "The cost of these rows was not measured."
    best = max(priced, key=psnr)
    close = min((row for row in priced if psnr(row) >= psnr(best) - CLOSE), key=lambda row: row[cost])
    first = f"The best, {name(best)}, reaches {db(psnr(best))} with {format(best[cost], text)} {cost}"
    if close is best:
        return f"{first}; nothing cheaper comes within {db(CLOSE)} of it."
    return f"{first}; {name(close)} comes within {db(CLOSE)} of it with {format(close[cost], text)} {cost}."


def significance(results: Results, rows: Sequence[Row]) -> Significance:
    return results.significance([row["name"] for row in rows], "psnr")


def read_significance(results: Results, rows: Sequence[Row]) -> str:
    """Say how many pairs were proven to differ."""
    ps = [pair["p"] for pair in pairs(results, rows)]
    if not ps:
        return "These decoders were not tested against each other."
    proven = sum(p < PROVEN for p in ps)
    return (
        f"{proven} of {len(ps)} pairs of decoders are proven to differ in PSNR (p < {PROVEN} after "
        "correction); brackets mark the others."
    )


def pairs(results: Results, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the tested pairs of a significance matrix, each once: a, b, difference (a minus b), p."""
    found = significance(results, rows)
    return [
        {"a": a, "b": b, "metric": found.metric, "difference": found.difference[i][j], "p": found.p[i][j]}
        for i, a in enumerate(found.names)
        for j, b in enumerate(found.names)
        if i < j and found.p[i][j] is not None
    ]


def _priced(cost: str, title: str, text: str) -> Chart:
    return Chart(
        title,
        "table",
        lambda results, rows: plots.quality_and_cost([row for row in rows if row[cost] is not None], cost),
        lambda results, rows: read_cost(cost, text, results, rows),
    )


CHARTS = {
    "size": Chart("PSNR by resolution", "table", lambda results, rows: plots.by_size(rows), read_by_size),
    "layers": Chart(
        "PSNR by layer of one network",
        "network",
        lambda results, rows: plots.by_layer(rows, results.baselines),
        read_by_layer,
    ),
    "decoders": Chart(
        "PSNR by decoder at one layer",
        "layer",
        lambda results, rows: plots.by_decoder(rows),
        read_by_decoder,
    ),
    "significance": Chart(
        "Which differences are proven at one layer",
        "layer",
        lambda results, rows: plots.significance_matrix(significance(results, rows)),
        read_significance,
        pairs,
    ),
    "plane": Chart(
        "Exact or pleasing: PSNR against LPIPS",
        "table",
        lambda results, rows: plots.perception_distortion(rows),
        read_plane,
    ),
    "parameters": _priced("parameters", "PSNR against parameters", ","),
    "milliseconds": _priced("milliseconds", "PSNR against milliseconds", ".1f"),
}
