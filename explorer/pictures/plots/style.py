"""How every figure looks: a colour for each architecture, a symbol for each decoder, grounds and legend.

Colours: Okabe & Ito 2008, with hues of Tol's schemes, safe for colour-blind readers. No figure depends on
them alone: decoders differ by symbol, losses by dash, controls by open symbols, measures by hatching, and
architectures are written beside their lines. Grounds are transparent, and the ink reads on the app's light
and dark page.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go

from explorer.configurations import AnyConfiguration
from explorer.decoders import DECODERS, LOSSES, decoder_spec
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.measures.metrics import metric_spec
from explorer.results.rows import Row
from explorer.words import words

PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#56B4E9", "#AA3377", "#117733", "#7B68C8"),
)
SYMBOLS = (
    *("circle", "square", "diamond", "cross", "triangle-up", "star"),
    *("hexagon", "triangle-down", "pentagon", "hourglass", "bowtie", "x"),
)
COLOUR_OF = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(ENCODERS)}
DECODER_COLOUR_OF = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(DECODERS)}
SYMBOL_OF = {name: SYMBOLS[index % len(SYMBOLS)] for index, name in enumerate(DECODERS)}
DASH_OF = {name: spec.dash for name, spec in LOSSES.items()}
ACCENT = PALETTE[0]
INK = "#7d7d7d"
GRID = "rgba(125, 125, 125, 0.25)"
CLEAR = "rgba(0, 0, 0, 0)"
said = words("charts")
BLUR_LINE = {"dash": "longdash", "color": INK, "width": 1.5}
LEGEND_GAP = 72  # pixels between a figure's lower axis and its legend
LEGEND_LINE = 20  # pixels


def axis_title(metric: str) -> str:
    """Return a metric's name, unit and direction, "PSNR, dB (higher is better)", on two lines."""
    spec = metric_spec(metric)
    return said.axis.format(heading=spec.heading, direction=spec.direction)


def colour_of(architecture: str) -> str:
    """Return an architecture's colour; grey for several fused ones."""
    return COLOUR_OF.get(architecture, INK)


def symbol_of(c: AnyConfiguration) -> str:
    """Return the symbol of a decoder, open for a control's (random weights)."""
    symbol = SYMBOL_OF[c.decoder.partition("@")[0]]
    return symbol if c.weights == "imagenet" else f"{symbol}-open"


def decoder_label(c: AnyConfiguration) -> str:
    """Return "Linear map (MSE)", and the weights where they are not the trained ones."""
    control = "" if c.weights == "imagenet" else said.with_weights.format(weights=c.weights)
    return f"{decoder_spec(c.decoder).title} ({loss_label(c.loss)}{control})"


def loss_label(loss: str) -> str:
    return LOSSES[loss].title if loss in LOSSES else loss


def network_label(architecture: str) -> str:
    """Return the title of an architecture, or those of several that are joined by " + "."""
    return " + ".join(encoder_spec(name).title for name in architecture.split(" + "))


def grid_label(size: int | None) -> str:
    """Return "112×112, 12,544 locations"."""
    return said.grid.format(size=size, locations=f"{size * size:,}") if size else said.several_grids


def intervals(rows: Sequence[Row], metric: str) -> dict[str, Any]:
    """Return the error bars that reach over each row's 95 % interval of the mean."""
    return {
        "symmetric": False,
        "array": [row.ci95[metric][1] - row.mean[metric] for row in rows],
        "arrayminus": [row.mean[metric] - row.ci95[metric][0] for row in rows],
        "thickness": 1,
    }


def in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Return the different names in the order of a table, those that it does not have last."""
    present, known = dict.fromkeys(names), list(order)
    return [name for name in known if name in present] + [name for name in present if name not in known]


def finish(
    figure: go.Figure, x_title: str, y_title: str = "", height: int = 420, legend: bool = True
) -> go.Figure:
    """Give a figure its titles, grounds, ink and a legend below; its width is that of the page.

    On a phone every entry of the legend takes a line, so that the height grows with their number.
    """
    entries = sum(trace.showlegend is not False for trace in figure.data) if legend else 0
    figure.update_layout(
        template="plotly_white",
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        font={"family": "system-ui, sans-serif", "size": 12, "color": INK},
        margin={"l": 60, "r": 20, "t": 30, "b": 60},
        legend={
            **{"orientation": "h", "x": 0, "y": -LEGEND_GAP / (height - 90), "yanchor": "top"},
            **{"bgcolor": CLEAR, "font": {"size": 12}},
        },
        showlegend=legend,
        autosize=True,
        height=height + LEGEND_LINE * entries,
    )
    lines = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    lines["title_font_size"] = 13
    figure.update_xaxes(**lines)
    figure.update_yaxes(**lines)
    if x_title:
        figure.update_xaxes(title_text=x_title)
    if y_title:
        figure.update_yaxes(title_text=y_title)
    return figure
