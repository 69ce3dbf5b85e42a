"""Plotly figures of measured results: rows of results.json in, one figure out. Nothing is computed here.

An architecture has the same colour in every figure and a decoder the same symbol, so that no figure depends
on its colours alone. Colours: Okabe & Ito 2008 and Tol's muted scheme, safe for colour-blind readers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from explorer.decoders import DECODERS
from explorer.encoders import ENCODERS, encoder_spec

Row = Mapping[str, Any]
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#882255", "#117733", "#332288"),
)
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star")
COLOUR_OF = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(ENCODERS)}
SYMBOL_OF = dict(zip(DECODERS, SYMBOLS, strict=True))
DASH_OF = {"mse": "solid", "hybrid": "dash", "lpips": "dot"}
GREY = "#767676"
NAMES = {"psnr": "PSNR, dB", "ssim": "SSIM", "lpips": "LPIPS (lower is better)", "mse": "MSE"}


def by_layer(rows: Sequence[Row], baselines: Iterable[Row], figure: str = "psnr") -> go.Figure:
    """Return one figure's means against the layers, shallow to deep, of one architecture's decoders.

    Bars are 95 % intervals of the mean; the dashed grey line is a blur of the layer's grid. Raises ValueError
    for rows of several architectures or kinds of weights.
    """
    if len({(row["architecture"], row["weights"]) for row in rows}) != 1:
        raise ValueError("the rows of one figure must share architecture and weights")
    spec = encoder_spec(rows[0]["architecture"])
    found = go.Figure()
    for decoder, loss in sorted({(row["decoder"], row["loss"]) for row in rows}):
        mine = {row["layer"]: row for row in rows if (row["decoder"], row["loss"]) == (decoder, loss)}
        layers = [name for name in spec.layer_names if name in mine]
        means = [mine[name]["mean"][figure] for name in layers]
        low, high = zip(*(mine[name]["ci95"][figure] for name in layers), strict=True)
        found.add_scatter(
            name=f"{decoder} ({loss})",
            x=layers,
            y=means,
            mode="lines+markers",
            line={"dash": DASH_OF[loss], "color": PALETTE[list(DECODERS).index(decoder.partition("@")[0])]},
            marker={"symbol": SYMBOL_OF[decoder.partition("@")[0]], "size": 9},
            error_y={
                "symmetric": False,
                "array": [h - m for h, m in zip(high, means, strict=True)],
                "arrayminus": [m - lo for lo, m in zip(low, means, strict=True)],
                "thickness": 1,
            },
        )
    blur = {row["size"]: row["mean"][figure] for row in baselines if row["baseline"] == "blur"}
    shown = [layer for layer in spec.layers if layer.size in blur and layer.name in _layers(rows)]
    found.add_scatter(
        name="blur of the same grid",
        x=[layer.name for layer in shown],
        y=[blur[layer.size] for layer in shown],
        mode="lines",
        line={"dash": "dash", "color": GREY},
    )
    found.update_xaxes(
        categoryorder="array", categoryarray=[n for n in spec.layer_names if n in _layers(rows)]
    )
    return _finish(found, "layer, shallow to deep", NAMES[figure])


def perception_distortion(rows: Sequence[Row]) -> go.Figure:
    """Return LPIPS against PSNR of every configuration (Blau & Michaeli 2018): better is down and right."""
    return _scatter(
        rows, lambda row: row["mean"]["psnr"], lambda row: row["mean"]["lpips"], NAMES["psnr"], NAMES["lpips"]
    )


def quality_and_cost(rows: Sequence[Row], cost: str = "parameters") -> go.Figure:
    """Return PSNR against a cost of the decoder, "parameters" or "milliseconds", on a logarithmic axis."""
    found = _scatter(rows, lambda row: row[cost], lambda row: row["mean"]["psnr"], cost, NAMES["psnr"])
    found.update_xaxes(type="log")
    return found


def _scatter(rows, x_of, y_of, x_title: str, y_title: str) -> go.Figure:
    found = go.Figure()
    for architecture in [name for name in ENCODERS if any(row["architecture"] == name for row in rows)]:
        mine = [row for row in rows if row["architecture"] == architecture]
        control = [row["weights"] != "imagenet" for row in mine]
        symbols = [SYMBOL_OF[row["decoder"].partition("@")[0]] for row in mine]
        found.add_scatter(
            name=architecture,
            x=[x_of(row) for row in mine],
            y=[y_of(row) for row in mine],
            mode="markers",
            text=[f"{row['layer']} {row['decoder']} ({row['loss']}, {row['weights']})" for row in mine],
            marker={
                "color": COLOUR_OF[architecture],
                "symbol": [f"{s}-open" if c else s for s, c in zip(symbols, control, strict=True)],
                "size": 9,
            },
        )
    return _finish(found, x_title, y_title)


def _layers(rows: Sequence[Row]) -> set[str]:
    return {row["layer"] for row in rows}


def _finish(figure: go.Figure, x_title: str, y_title: str) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        font={"family": "system-ui, sans-serif", "size": 14},
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        legend={"orientation": "h", "y": -0.2},
        height=460,
    )
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title)
    return figure
