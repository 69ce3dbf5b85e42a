"""The table of measured results: its columns, its rows as HTML and as CSV, and what sorts it on the page.

Every row is a link to the view it was measured of; `SCRIPT` turns a plain click into an event of the table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from explorer.configurations import Configuration, configuration_of
from explorer.decoders import decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.table import ENCODERS
from explorer.measures.metrics import METRICS, metric_spec
from explorer.ui.choices import LOSS_NAMES, ensemble_query

Row = Mapping[str, Any]  # of Results.table
WEIGHTS_NAMES = {"imagenet": "trained", "random": "random"}
NONE = "–"

# A click on a heading sorts, on a row opens it (with Ctrl or Shift the browser follows the link). All rows
# are one stop for Tab, and arrow keys go from row to row. The order is kept when a filter brings other rows.
SCRIPT = """
let column = null, descending = false;

const links = () => [...element.querySelectorAll("tbody a")];

function key(row) {
    const cell = row.cells[column];
    if (cell.dataset.value === undefined) return cell.textContent;
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

function compare(one, other) {
    const [a, b] = [key(one), key(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    return descending ? -order : order;
}

function sort() {
    const heading = element.querySelectorAll("thead th")[column];
    const body = element.querySelector("tbody");
    if (!heading || !body.rows[0]?.cells[column]) return;
    element.querySelector("[aria-sort]")?.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.append(...[...body.rows].sort(compare));
    links().forEach((link, index) => { link.tabIndex = index ? -1 : 0; });
}

watch("value", () => { if (column !== null) sort(); });

element.addEventListener("click", (event) => {
    const button = event.target.closest("th button");
    const row = event.target.closest("tr[data-name]");
    if (button) {
        const clicked = button.closest("th").cellIndex;
        descending = clicked === column ? !descending : button.dataset.first === "descending";
        column = clicked;
        sort();
    } else if (row && getSelection().isCollapsed && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        trigger("click", { name: row.dataset.name });
        scrollTo(0, 0);
    }
});

element.addEventListener("keydown", (event) => {
    const rows = links(), at = rows.indexOf(event.target);
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || !rows[goal]) return;
    event.preventDefault();
    rows[at].tabIndex = -1;
    rows[goal].tabIndex = 0;
    rows[goal].focus();
});
"""


@dataclass(frozen=True)
class Column:
    """A column: its heading, a cell's HTML, and the number it is sorted by (None: by its text).

    `falling` says whether the first click sorts from high to low; `about` explains the heading.
    """

    title: str
    cell: Callable[[Row], str]
    number: Callable[[Row], float | None] | None = None
    falling: bool = False
    about: str = ""


def _metric(metric: str) -> Column:
    spec = metric_spec(metric)

    def cell(row: Row) -> str:
        half = half_interval(row, metric)
        return f"{row['mean'][metric]:.{spec.digits}f} <span class='half'>± {half:.{spec.digits}f}</span>"

    return Column(
        f"{spec.heading} {spec.arrow}",
        cell,
        lambda row: row["mean"][metric],
        spec.higher,
        f"{spec.direction.capitalize()}. Mean over the test photos ± half of its interval",
    )


def _blur(row: Row) -> float | None:
    return row["blur"].get("psnr")


def _number(value: float | None, text: str) -> str:
    return NONE if value is None else format(value, text)


def _grid(row: Row) -> str:
    return f"{row['size']}×{row['size']}" if row["size"] else "several"


COLUMNS = (
    Column("Network", lambda row: _link(row)),
    Column("Layer", lambda row: escape(row["layer"])),
    Column("Grid", _grid, lambda row: row["size"], True, "Places that the layer still tells apart"),
    Column("Decoder", lambda row: escape(decoder_title(row))),
    Column("Loss", lambda row: LOSS_NAMES.get(row["loss"], row["loss"]), about="What it was trained for"),
    Column("Weights", lambda row: WEIGHTS_NAMES.get(row["weights"], row["weights"]), about="Of the network"),
    *(_metric(metric) for metric in ("psnr", "ssim", "lpips")),
    Column(
        "Blur, dB",
        lambda row: _number(_blur(row), ".2f"),
        _blur,
        True,
        "PSNR of the photo blurred on the same grid: what the places alone would give",
    ),
    Column("Parameters", lambda row: _number(row["parameters"], ","), lambda row: row["parameters"]),
    Column(
        "ms",
        lambda row: _number(row["milliseconds"], ".1f"),
        lambda row: row["milliseconds"],
        about="Milliseconds of the decoder for one photo, on the machine it was measured on",
    ),
)


def half_interval(row: Row, metric: str) -> float:
    """Return half the width of the 95 % interval of a metric's mean."""
    low, high = row["ci95"][metric]
    return (high - low) / 2


def address(row: Row) -> dict[str, str]:
    """Return the address of the view that a row was measured of."""
    if row["fused"]:
        return ensemble_query(configuration_of(row))
    return {"tab": "explore"} | asdict(configuration(row))


def configuration(row: Row) -> Configuration | None:
    """Return the configuration that a row was measured of; None for a fused one."""
    if row["fused"]:
        return None
    return Configuration(*(row[key] for key in ("architecture", "layer", "decoder", "loss", "weights")))


def decoder_title(row: Row) -> str:
    """Return the title of a row's decoder, with the fusion before it, if any."""
    fusion = f" after {FUSIONS[row['fusion']].title.lower()}" if row["fused"] else ""
    return decoder_spec(row["decoder"]).title + fusion


def network_title(row: Row) -> str:
    """Return the title of a row's network, those of a fused one joined."""
    return " + ".join(map(short_title, row["architecture"].split(" + ")))


def short_title(architecture: str) -> str:
    """Return an architecture's title without what it says in brackets."""
    return ENCODERS[architecture].title.split(" (")[0]


def csv_row(row: Row) -> dict[str, Any]:
    """Return a row's names and figures as one flat dictionary, the intervals as _low and _high."""
    keys = ("architecture", "layer", "fusion", "decoder", "loss", "weights", "target", "size", "channels")
    found = {key: row[key] for key in keys}
    for metric in METRICS:
        low, high = row["ci95"][metric]
        found |= {metric: row["mean"][metric], f"{metric}_low": low, f"{metric}_high": high}
        found |= {f"blur_{metric}": row["blur"].get(metric)}
    return found | {key: row[key] for key in ("parameters", "milliseconds")}


def table_html(rows: Sequence[Row]) -> str:
    """Return the table; the first row's link is where Tab stops."""
    head = "".join(
        f'<th scope="col" title="{escape(column.about)}"><button type="button" '
        f'data-first="{"descending" if column.falling else "ascending"}">{column.title}</button></th>'
        for column in COLUMNS
    )
    body = "".join(map(_row, rows)).replace('tabindex="-1"', 'tabindex="0"', 1)
    if not rows:
        body = f'<tr><td colspan="{len(COLUMNS)}">Nothing that was measured fits all of these.</td></tr>'
    return (
        '<div class="frame"><table class="plain"><caption>Measured configurations</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Row) -> str:
    name = "" if row["fused"] else f' data-name="{escape(row["name"])}"'
    return f"<tr{name}>{''.join(_cell(row, column) for column in COLUMNS)}</tr>"


def _cell(row: Row, column: Column) -> str:
    if column.number is None:
        return f"<td>{column.cell(row)}</td>"
    value = column.number(row)
    return f'<td data-value="{"" if value is None else value}">{column.cell(row)}</td>'


def _link(row: Row) -> str:
    """Return the name of the network as a link to the view that the row was measured of."""
    network, tab = escape(network_title(row)), "Ensemble" if row["fused"] else "Explore"
    label = f"{network} {escape(row['layer'])}, {escape(decoder_title(row))}, {row['loss']}: open in {tab}"
    return f'<a href="?{escape(urlencode(address(row)))}" tabindex="-1" aria-label="{label}">{network}</a>'
