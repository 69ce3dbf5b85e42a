"""Figures of one photo: how much of it is left with depth, under surgery, and the values of its features."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from explorer.configurations import configuration_of
from explorer.encoders.table import encoder_spec
from explorer.measures.metrics import Metrics, metric_spec
from explorer.pictures.plots.style import (
    ACCENT,
    BLUR_LINE,
    DASH_OF,
    DECODER_COLOUR_OF,
    INK,
    PALETTE,
    axis_title,
    colour_of,
    decoder_label,
    finish,
    grid_label,
    network_label,
    said,
    symbol_of,
)

BITS_PER_KB = 8000
Row = Mapping[str, Any]  # of data, as a verb of the explorer returns it


def depth_curves(
    series: Sequence[Sequence[Row]],
    blurs: Mapping[int, Metrics],
    metrics: Sequence[str] = ("psnr", "ssim", "lpips"),
    layer: str | None = None,
) -> go.Figure:
    """Return metrics against depth, a panel each, for one or several reconstructions of one photo in depth.

    A series is a list of `Reconstruction.to_dict()`, shallow to deep, of one architecture and decoder.
    `blurs` are {size: scores of the same photo blurred on a grid of size x size}, shown as the dashed line,
    and `layer` is one of the first series, marked by an upright line.
    Series of one architecture stand above its layers. Those of several stand above relative depth, because
    every network has it and transformers keep one grid: 0 is an architecture's first layer, 1 its last.
    """
    architectures = list(dict.fromkeys(line[0]["architecture"] for line in series))
    one = len(architectures) == 1
    found = make_subplots(rows=len(metrics), shared_xaxes=True, vertical_spacing=0.06)
    for panel, metric in enumerate(metrics, start=1):
        for number, line in enumerate(series):
            labelled = None if one else number % len(line)
            found.add_trace(_curve(line, metric, labelled, panel == 1), row=panel, col=1)
        for architecture in architectures:
            layers = {
                row["layer"] for line in series for row in line if line[0]["architecture"] == architecture
            }
            curve = _blur_curve(architecture, layers, blurs, metric, one, panel == 1)
            found.add_trace(curve, row=panel, col=1)
        found.update_yaxes(title_text=axis_title(metric), row=panel, col=1)
    if one:
        spec = encoder_spec(architectures[0])
        shown = [
            layer for layer in spec.layers if any(row["layer"] == layer.name for x in series for row in x)
        ]
        names = [layer.name for layer in shown]
        labels = [f"{layer.name}<br>{layer.size}×{layer.size}" for layer in shown]
        found.update_xaxes(
            type="category", categoryorder="array", categoryarray=names, tickvals=names, ticktext=labels
        )
    else:
        ticks = {"tickvals": [0, 0.25, 0.5, 0.75, 1], "range": [-0.06, 1.06]}
        found.update_xaxes(ticktext=[said.first_layer, "25 %", "50 %", "75 %", said.last_layer], **ticks)
    if layer:
        at = layer if one else _relative_depth(architectures[0], layer)
        found.add_vline(at, line={"color": ACCENT, "width": 2})
    finish(found, "", height=60 + 170 * len(metrics))
    title = said.layers if one else said.depth
    return found.update_xaxes(title_text=title, row=len(metrics), col=1)


def surgery_curve(points: Sequence[Row], strength_title: str, current: Row | None = None) -> go.Figure:
    """Return PSNR against the strength of an operation on the features, with the current point marked.

    Points have "strength", "psnr" in dB (None for an exact copy) and "bits", what the features then hold.
    """
    here = [current] if current and current["strength"] not in {x["strength"] for x in points} else []
    shown = sorted([*points, *here], key=lambda point: point["strength"])
    found = go.Figure()
    found.add_scatter(
        name="PSNR",
        x=[point["strength"] for point in shown],
        y=[point["psnr"] for point in shown],
        mode="lines+markers",
        line={"color": ACCENT},
        marker={"size": 7},
        customdata=[_bits(point) for point in shown],
        hovertemplate=f"{strength_title} %{{x}}<br>%{{y:.2f}} dB<br>%{{customdata}}<extra></extra>",
    )
    if current and current["psnr"] is not None:
        found.add_scatter(
            name=said.now,
            x=[current["strength"]],
            y=[current["psnr"]],
            mode="markers",
            marker={"symbol": "circle-open", "size": 18, "color": INK, "line": {"width": 3}},
            cliponaxis=False,
            hoverinfo="skip",
        )
        _note(found, said.now_at.format(psnr=f"{current['psnr']:.2f} dB", size=_bits(current)))
    return finish(found, strength_title, axis_title("psnr"), height=360, legend=False)


def recovery_curve(points: Sequence[Row]) -> go.Figure:
    """Return PSNR, feature error and similarity, a panel each, against the seconds of a search.

    `points` have "search_seconds", "psnr" (dB), "feature_error", and "similarity" where the judge was asked,
    in the order they were found.
    """
    panels = ("psnr", "feature_error", "similarity")
    found = make_subplots(rows=len(panels), shared_xaxes=True, vertical_spacing=0.08)
    for panel, key in enumerate(panels, start=1):
        known = [point for point in points if key in point]
        found.add_trace(
            go.Scatter(
                x=[point["search_seconds"] for point in known],
                y=[point[key] for point in known],
                mode="lines" if len(known) > 1 else "markers",
                line={"color": PALETTE[panel - 1], "width": 2},
                hovertemplate="%{x:.1f} s: %{y:.3g}<extra></extra>",
                showlegend=False,
            ),
            row=panel,
            col=1,
        )
        found.update_yaxes(title_text=axis_title(key), row=panel, col=1)
    found.update_yaxes(type="log", row=2, col=1)
    finish(found, "", height=520, legend=False)
    return found.update_xaxes(title_text=said.seconds, row=len(panels), col=1)


def _curve(line: Sequence[Row], metric: str, labelled: int | None, in_legend: bool) -> go.Scatter:
    """Return a series; among other architectures, with its own written at the point numbered `labelled`."""
    one, first, spec = labelled is None, configuration_of(line[0]), encoder_spec(line[0]["architecture"])
    base = first.decoder.partition("@")[0]
    colour = DECODER_COLOUR_OF[base] if one else colour_of(first.architecture)
    grids = [grid_label(spec.layer(row["layer"]).size) for row in line]
    sizes = [spec.layer(line[end]["layer"]).size for end in (0, -1)]
    name = decoder_label(first)
    if not one:
        network = network_label(first.architecture)
        name = said.from_to.format(network=network, decoder=name, first=sizes[0], last=sizes[1])
    return go.Scatter(
        name=name,
        legendgroup=name,
        showlegend=in_legend,
        x=[row["layer"] if one else _relative_depth(row["architecture"], row["layer"]) for row in line],
        y=[row[metric] for row in line],
        mode="lines+markers" if one else "lines+markers+text",
        text=[network_label(first.architecture) if index == labelled else "" for index in range(len(line))],
        textposition="top center" if labelled else "top right",
        cliponaxis=False,
        line={"dash": DASH_OF[first.loss], "color": colour},
        marker={"symbol": symbol_of(first), "size": 9, "color": colour},
        customdata=[f"{row['layer']}: {grid}" for row, grid in zip(line, grids, strict=True)],
        hovertemplate=f"%{{customdata}}<br>%{{y:.{metric_spec(metric).digits}f}}<extra>{name}</extra>",
    )


def _blur_curve(
    architecture: str, layers: set[str], blurs: Mapping[int, Metrics], metric: str, one: bool, in_legend: bool
) -> go.Scatter:
    spec = encoder_spec(architecture)
    shown = [layer for layer in spec.layers if layer.name in layers and layer.size in blurs]
    name = said.blur if one else f"{network_label(architecture)}, {said.blur}"
    colour = INK if one else colour_of(architecture)
    return go.Scatter(
        name=name,
        legendgroup=name,
        showlegend=in_legend,
        x=[layer.name if one else _relative_depth(architecture, layer.name) for layer in shown],
        y=[blurs[layer.size][metric] for layer in shown],
        mode="lines",
        line=BLUR_LINE | {"color": colour},
        customdata=[f"{layer.name}: {grid_label(layer.size)}" for layer in shown],
        hovertemplate=f"%{{customdata}}<br>%{{y:.{metric_spec(metric).digits}f}}<extra>{name}</extra>",
    )


def _relative_depth(architecture: str, layer: str) -> float:
    names = encoder_spec(architecture).layer_names
    return names.index(layer) / max(1, len(names) - 1)


def _note(figure: go.Figure, text: str) -> None:
    """Write a line above the upper right corner."""
    where = {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(text=text, showarrow=False, **where)


def _bits(point: Row) -> str:
    return f"{point['bits'] / BITS_PER_KB:,.1f} kB"
