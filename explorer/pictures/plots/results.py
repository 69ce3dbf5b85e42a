"""Figures of measured results: rows of `Results` in, one figure out."""

from collections.abc import Sequence

import plotly.graph_objects as go

from explorer.decoders import DECODERS, decoder_spec
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.measures.metrics import metric_spec
from explorer.pictures.plots.style import (
    ACCENT,
    BLUR_LINE,
    DASH_OF,
    DECODER_COLOUR_OF,
    GRID,
    INK,
    PALETTE,
    SYMBOL_OF,
    axis_title,
    colour_of,
    decoder_label,
    finish,
    grid_label,
    in_order,
    intervals,
    loss_label,
    network_label,
    said,
    symbol_of,
)
from explorer.results.measured import Significance
from explorer.results.published import Beside
from explorer.results.rows import Row

PROVEN = 0.05  # p-values below it, after correction, count as proof of a difference
TICK_SIZES = (7, 14, 28, 56, 112)
PUBLISHED_BARS = (
    ("published", said.published, INK, "/"),
    ("their_way", said.their_way, PALETTE[1], "x"),
    ("their_target", said.their_target, PALETTE[3], "."),
    ("ours", said.ours, ACCENT, ""),
)


def by_layer(rows: Sequence[Row], metric: str = "psnr") -> go.Figure:
    """Return one metric's means against the layers, shallow to deep, of one architecture's decoders.

    Bars are 95 % intervals of the mean; the dashed grey line is a blur of the layer's grid. Raises ValueError
    for rows of several architectures or kinds of weights.
    """
    _check_shared(rows, "architecture", "weights")
    spec = encoder_spec(rows[0].configuration.architecture)
    measured = {row.layer for row in rows}
    order = [name for name in spec.layer_names if name in measured]
    found = go.Figure()
    for decoder, loss in sorted({(row.configuration.decoder, row.configuration.loss) for row in rows}):
        mine = {
            row.layer: row
            for row in rows
            if (row.configuration.decoder, row.configuration.loss) == (decoder, loss)
        }
        shown = [mine[name] for name in order if name in mine]
        found.add_scatter(
            name=decoder_label(shown[0].configuration),
            x=[row.layer for row in shown],
            y=[row.mean[metric] for row in shown],
            mode="lines+markers",
            line={"dash": DASH_OF[loss], "color": DECODER_COLOUR_OF[decoder.partition("@")[0]]},
            marker={"symbol": SYMBOL_OF[decoder.partition("@")[0]], "size": 9},
            error_y=intervals(shown, metric),
        )
    blur = {row.layer: row.blur[metric] for row in rows if metric in row.blur}
    layers = [name for name in order if name in blur]
    found.add_scatter(name=said.blur, x=layers, y=[blur[x] for x in layers], mode="lines", line=BLUR_LINE)
    found.update_xaxes(categoryorder="array", categoryarray=order)
    return finish(found, said.by_layer, axis_title(metric))


def by_decoder(rows: Sequence[Row], metric: str = "psnr") -> go.Figure:
    """Return the means of one layer's decoders, grouped by decoder, with their 95 % intervals.

    The dashed line is the blur of the layer's grid. Raises ValueError for rows of several layers or kinds of
    weights, whose figures cannot stand in one group.
    """
    _check_shared(rows, "architecture", "layer", "weights")
    spec, found = metric_spec(metric), go.Figure()
    for decoder in in_order([row.configuration.decoder for row in rows], DECODERS):
        mine = [row for row in rows if row.configuration.decoder == decoder]
        first, title = mine[0].configuration, decoder_spec(decoder).title
        found.add_scatter(
            name=title,
            x=[row.mean[metric] for row in mine],
            y=[[title] * len(mine), [loss_label(row.configuration.loss) for row in mine]],
            mode="markers+text",
            text=[spec.format(row.mean[metric]) for row in mine],
            textposition="top center",
            cliponaxis=False,
            marker={"symbol": symbol_of(first), "size": 10, "color": colour_of(first.architecture)},
            error_x=intervals(mine, metric),
            hovertemplate=f"%{{x:.{spec.digits}f}}<extra>{title}</extra>",
        )
    blur = rows[0].blur.get(metric)
    if blur is not None:
        note = {"annotation_text": f"{said.blur}: {spec.format(blur)}", "annotation_position": "top"}
        found.add_vline(blur, line=BLUR_LINE, **note)
    found.update_yaxes(autorange="reversed", dividercolor=GRID)
    return finish(found, axis_title(metric), height=150 + 38 * len(rows), legend=False)


def by_size(rows: Sequence[Row], metric: str = "psnr") -> go.Figure:
    """Return means with 95 % intervals against the number of locations that the layer's grid still has.

    A line for each decoder of each architecture joins its layers, shallow to deep; a network that keeps its
    grid, as transformers do, is a vertical one. The dashed line is the blur. Rows of several grids are left
    out.
    """
    lines: dict[tuple[str, ...], list[Row]] = {}
    sized = [row for row in rows if row.size]
    for row in sized:
        c = row.configuration
        lines.setdefault((row.architecture, c.decoder, c.loss, c.weights), []).append(row)
    highest = {
        row.architecture: row for row in sorted(sized, key=lambda row: row.mean[metric])
    }  # its line bears the architecture's name
    found = go.Figure()
    for (architecture, _, loss, _), mine in lines.items():
        first, colour = mine[0].configuration, colour_of(architecture)
        found.add_scatter(
            name=f"{network_label(architecture)}, {decoder_label(first)}",
            x=[row.size for row in mine],
            y=[row.mean[metric] for row in mine],
            mode="lines+markers+text",
            text=[network_label(architecture) if row is highest[architecture] else "" for row in mine],
            textposition="top left",
            cliponaxis=False,
            line={"dash": DASH_OF[loss], "color": colour},
            marker={"symbol": symbol_of(first), "size": 9, "color": colour},
            error_y=intervals(mine, metric),
            customdata=[f"{row.layer}: {grid_label(row.size)}" for row in mine],
            hovertemplate="%{customdata}<br>%{y:.3f}<extra>%{fullData.name}</extra>",
        )
    blur = {row.size: row.blur[metric] for row in sized if metric in row.blur}
    found.add_scatter(name=said.blur, x=sorted(blur), y=[blur[x] for x in sorted(blur)], mode="lines")
    found.data[-1].line = BLUR_LINE
    labels = [f"{size}×{size}<br>{size * size:,}" for size in TICK_SIZES]
    found.update_xaxes(type="log", tickvals=TICK_SIZES, ticktext=labels, tickangle=0)
    return finish(found, said.by_size, axis_title(metric))


def perception_distortion(rows: Sequence[Row]) -> go.Figure:
    """Return LPIPS against PSNR of every configuration (Blau & Michaeli 2018): better is down and right."""
    points = [(row, row.mean["psnr"], row.mean["lpips"]) for row in rows]
    return _scatter(points, axis_title("psnr"), axis_title("lpips"))


def quality_and_cost(rows: Sequence[Row], cost: str = "parameters") -> go.Figure:
    """Return PSNR against a cost of the decoder, "parameters" or "milliseconds", on a logarithmic axis.

    Rows whose cost was not measured are left out.
    """
    points = [(row, getattr(row, cost), row.mean["psnr"]) for row in rows]
    priced = [point for point in points if point[1] is not None]
    return _scatter(priced, getattr(said, cost), axis_title("psnr")).update_xaxes(type="log")


def significance_matrix(significance: Significance) -> go.Figure:
    """Return the mean differences, row minus column, of every two configurations that were tested.

    Columns have the numbers of the rows. Blue where the row is better, red where it is worse; without colour
    and in brackets where that is not proven (p of PROVEN or more after Holm's correction). Names and p-value
    are shown on pointing at a cell.
    """
    spec = metric_spec(significance.metric)
    labels = _without_common_parts(significance.names)
    cells: list[list[tuple[float | None, str, str]]] = []
    for row, differences, ps in zip(labels, significance.difference, significance.p, strict=True):
        compared = zip(labels, differences, ps, strict=True)
        cells.append([_cell((row, column), d, p, spec.digits) for column, d, p in compared])
    numbers = [str(number) for number, _ in enumerate(labels, start=1)]
    found = go.Figure()
    found.add_heatmap(
        x=numbers,
        y=[f"{'<br>'.join(x.rsplit('-', 1))} · {n}" for x, n in zip(labels, numbers, strict=True)],
        z=[[colour if spec.higher or colour is None else -colour for colour, _, _ in line] for line in cells],
        text=[[text for _, text, _ in line] for line in cells],
        customdata=[[hover for _, _, hover in line] for line in cells],
        texttemplate="%{text}",
        hovertemplate="%{customdata}<extra></extra>",
        **{"colorscale": "RdBu", "zmid": 0, "showscale": False, "xgap": 2, "ygap": 2, "hoverongaps": False},
    )
    found.update_xaxes(showgrid=False, type="category")
    found.update_yaxes(showgrid=False, autorange="reversed")
    title = said.matrix.format(metric=spec.name, proven=PROVEN)
    return finish(found, title, height=150 + 38 * len(labels), legend=False)


def published_beside_ours(rows: Sequence[Beside], perfect: float | None = None) -> go.Figure:
    """Return the rows of `beside_ours` as bars, of two measures that cannot be compared.

    `perfect` is what the photo itself scores measured as the studies did.
    """
    found = go.Figure()
    for key, name, colour, hatching in PUBLISHED_BARS:
        shown = [row for row in rows if getattr(row, key) is not None]
        found.add_bar(
            name=name,
            orientation="h",
            x=[getattr(row, key) for row in shown],
            y=[row.title for row in shown],
            text=[f"{getattr(row, key):.2f}" for row in shown],
            textposition="outside",
            cliponaxis=False,
            marker={"color": colour, "pattern": {"shape": hatching}},
            hovertemplate="%{y}: %{x:.2f} dB<extra>%{fullData.name}</extra>",
        )
    if perfect is not None:
        text = said.perfect.format(value=f"{perfect:.2f}")
        note = {"annotation_text": text, "annotation_position": "top"}
        found.add_vline(perfect, line={"dash": "dot", "color": INK}, **note)
    order = [row.title for row in rows]
    found.update_yaxes(categoryorder="array", categoryarray=order, autorange="reversed")
    highest = max((bar.x[index] for bar in found.data for index in range(len(bar.x))), default=1)
    found.update_xaxes(range=[0, 1.2 * highest])  # room for the written values
    found.update_layout(barmode="group", bargap=0.3)
    return finish(found, said.two_measures, height=140 + 52 * len(rows))


def _scatter(points: Sequence[tuple[Row, float, float]], x_title: str, y_title: str) -> go.Figure:
    """Return rows as points (x, y), a colour for each architecture, grey for several fused ones."""
    found = go.Figure()
    for name in in_order([row.architecture for row, _, _ in points], ENCODERS):
        mine = [point for point in points if point[0].architecture == name]
        found.add_scatter(
            name=network_label(name),
            x=[x for _, x, _ in mine],
            y=[y for _, _, y in mine],
            mode="markers",
            text=[
                f"{network_label(name)} {row.layer}, {decoder_label(row.configuration)}" for row, _, _ in mine
            ],
            marker={
                "color": colour_of(name),
                "symbol": [symbol_of(row.configuration) for row, _, _ in mine],
                "size": 9,
            },
            hovertemplate="%{text}<br>%{x:.4~g}, %{y:.4~g}<extra></extra>",
        )
    return finish(found, x_title, y_title)


def _check_shared(rows: Sequence[Row], *names: str) -> None:
    if len({tuple(getattr(row.configuration, name) for name in names) for row in rows}) != 1:
        raise ValueError(f"the rows of one figure must share {', '.join(names)}")


def _cell(
    names: tuple[str, str], difference: float | None, p: float | None, digits: int
) -> tuple[float | None, str, str]:
    """Return what a cell's colour means, its text and what is shown on pointing at it."""
    pair = said.versus.format(row=names[0], column=names[1])
    if difference is None or p is None:
        return None, "", said.not_tested.format(pair=pair)
    odds = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    hover = said.tested.format(pair=pair, difference=f"{difference:+.{digits}f}", odds=odds)
    text = f"{difference:+.{digits - 1}f}"
    return (difference, text, hover) if p < PROVEN else (0.0, f"({text})", hover)


def _without_common_parts(names: Sequence[str]) -> list[str]:
    """Return "linear-mse" for "vgg16-block1-linear-mse-imagenet" among others of the same features."""
    parts = [name.split("-") for name in names]
    if len(parts) < 2:
        return list(names)
    shared = [len(set(column)) == 1 for column in zip(*parts, strict=False)]
    start = shared.index(False) if False in shared else 0
    backwards = [len(set(column)) == 1 for column in zip(*(part[::-1] for part in parts), strict=False)]
    end = backwards.index(False) if False in backwards else 0
    return ["-".join(part[start : len(part) - end]) for part in parts]
