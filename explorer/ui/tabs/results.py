"""The Results tab: everything that was measured, as a table, in charts and beside published figures."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.decoders import DECODERS, decoder_spec
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.measures.metrics import METRICS
from explorer.pictures.exports import table as csv_text
from explorer.pictures.plots import published_beside_ours
from explorer.pictures.plots.style import in_order
from explorer.results.alike import Alike
from explorer.results.measured import Results
from explorer.results.published import beside_ours
from explorer.results.rows import Row
from explorer.ui.charts import CHARTS
from explorer.ui.choices import LOSS_NAMES, Choices
from explorer.ui.controls import one_of
from explorer.ui.events import QUICK
from explorer.ui.files import offered_file
from explorer.ui.results_table import csv_row, table_html
from explorer.ui.static_files import script
from explorer.ui.texts import texts
from explorer.ui.views import Jump, Question, Step, Update, View

text = texts("results")
TITLE, FILTERS = text.title, text.filters
ALL, BEST = "all", "best"


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    results = explorer.results()
    with gr.Column(elem_id="results"):
        gr.HTML(text.heading(results), elem_id="results-title")
        with gr.Column(visible=bool(results.rows), elem_id="measured"):
            which, filters = filter_selectors(results.rows)
            with gr.Row(elem_classes="beside"):
                note = gr.HTML(elem_id="results-note", elem_classes="answer")
                table_data = download_button("results-data")
            table = gr.HTML(
                js_on_load=script("results_table"),
                apply_default_css=False,
                elem_id="results-table",
                elem_classes="answer",
            )
            chart = gr.Dropdown(
                [(text.charts[name], name) for name in CHARTS],
                value=next(iter(CHARTS)),
                label=text.chart,
                filterable=False,
                elem_id="chart",
            )
            with gr.Row(elem_classes="beside"):
                reading = gr.HTML(elem_id="chart-reading", elem_classes="answer")
                chart_data = download_button("chart-data")
            plot = gr.Plot(show_label=False, elem_id="results-plot", elem_classes="answer")
        with gr.Row(elem_id="published", equal_height=False):
            with gr.Column():
                beside = gr.HTML(elem_id="published-text")
                published_data = download_button("published-data")
            published_plot = gr.Plot(show_label=False, elem_id="published-plot")
        alike = gr.HTML(elem_id="alike")
    opened = gr.State(None)  # the name of the row that was clicked last
    known = gr.State(None)  # the chart that is on the page: what it is and of which rows
    complete = gr.State(False)  # what never changes is on the page

    def show_rows(question: Question, *values: Any) -> Update:
        """Show the rows that fit the filters."""
        chosen, *wanted, _ = values
        measured = explorer.results()
        rows = shown_rows(measured, chosen, wanted)
        return {
            note: note_text(measured, len(rows)),
            table: table_html(rows),
            table_data: csv_file("results", [csv_row(row) for row in rows]),
        }

    def show_chart(question: Question, *values: Any) -> Update:
        """Show the chart of these rows, if it is another one than is on the page."""
        chosen, *wanted, chart_name, drawn = values
        chart_name = chart_name if chart_name in CHARTS else next(iter(CHARTS))
        spec, c, measured = CHARTS[chart_name], question.configuration, explorer.results()
        shown = spec.rows(measured, shown_rows(measured, chosen, wanted), c)
        of = (chart_name, spec.scope(c), tuple(row.name for row in shown))
        if of == drawn:
            return {}
        said = spec.read(measured, shown) if shown else text.no_rows
        return {
            reading: text.reading(said, spec.scope(c)),
            plot: spec.draw(measured, shown) if shown else None,
            chart_data: csv_file(f"chart-{chart_name}", spec.data(measured, shown) if shown else []),
            known: of,
        }

    def show_published(question: Question, *values: Any) -> Update:
        """Show what is published and what was trained alike, once."""
        *_, already = values
        if already:
            return {}
        published = explorer.results("results_published.json")
        pairs = beside_ours(explorer.results(), published)
        compared = Alike.read(explorer.engine.folder / "alike.json")
        return {
            beside: text.published(pairs, published.perfect("psnr")),
            published_plot: published_beside_ours(pairs, published.perfect("psnr")),
            published_data: csv_file("published", [asdict(pair) for pair in pairs]),
            alike: text.alike(compared, [decoder_spec(kind).title for kind in compared.kinds]),
            complete: True,
        }

    def open_row(name: str | None) -> Jump:
        single = (row.configuration for row in explorer.results().rows if not row.fused)
        return Jump("explore", next((c for c in single if c.name == name), None))

    def clicked(event: gr.EventData) -> str:
        return str(event.name)

    click = table.click(clicked, None, opened, **QUICK)
    in_address = {f"only_{key}": (part, one_of(part)) for key, part in filters.items()}
    steps = [
        Step(show_rows, [note, table, table_data]),
        Step(show_chart, [reading, plot, chart_data, known], memory=[known]),
        Step(show_published, [beside, published_plot, published_data, alike, complete], memory=[complete]),
    ]
    return View(
        steps,
        dict,
        inputs=[which, *filters.values(), chart],
        triggers=[part.input for part in (which, *filters.values(), chart)],
        jumps=[(click.then, [opened], open_row)],
        in_address=in_address | {"rows": (which, one_of(which)), "chart": (chart, one_of(chart))},
        needs_photo=False,
        shows=lambda *asked: [],
    )


def filter_selectors(rows: Sequence[Row]) -> tuple[gr.Dropdown, dict[str, gr.Dropdown]]:
    """Return what chooses between the best and all, and a selector for each filter that has a choice."""
    offered = filter_choices(rows)
    with gr.Row(elem_id="filters"):
        which = gr.Dropdown(
            [(text.best_rows, BEST), (text.all_rows, ALL)],
            value=BEST,
            label=text.rows,
            filterable=False,
            elem_id="rows",
        )
        return which, {
            key: gr.Dropdown(
                offered[key],
                value=ALL,
                label=label,
                filterable=False,
                visible=len(offered[key]) > 2,
                elem_id=f"only_{key}",
            )
            for key, (label, _) in FILTERS.items()
        }


def filter_choices(rows: Sequence[Row]) -> dict[str, Choices]:
    """Return what each filter offers: everything, and what there are rows of."""
    found = {key: {getattr(row.configuration, key) for row in rows} for key in ("decoder", "loss", "weights")}
    architectures = {name for row in rows for name in row.architectures}
    names = {
        "architecture": [(encoder_spec(name).full_title, name) for name in in_order(architectures, ENCODERS)],
        "decoder": [
            (decoder_spec(name).title, name) for name in in_order(sorted(found["decoder"]), DECODERS)
        ],
        "loss": [(title, name) for name, title in LOSS_NAMES.items() if name in found["loss"]],
        "weights": [
            (title.capitalize(), name) for name, title in WEIGHTS.items() if name in found["weights"]
        ],
    }
    return {key: [(every, ALL), *names[key]] for key, (_, every) in FILTERS.items()}


def shown_rows(results: Results, which: str, wanted: Sequence[str]) -> list[Row]:
    """Return the rows of the table: those that fit the filters, or of them the best of each network."""
    rows = filtered(results, wanted)
    return best_of_networks(rows) if which == BEST else rows


def best_of_networks(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of one decoder a network: of those at most of its layers the one of the highest PSNR.

    Controls are left out where there are trained networks, and ensembles, which are of several, anyway.
    """
    trained = any(row.configuration.weights == "imagenet" for row in rows)
    lines: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for row in rows:
        c = row.configuration
        if not row.fused and (c.weights == "imagenet" or not trained):
            lines.setdefault(row.architecture, {}).setdefault((c.decoder, c.loss), []).append(row)

    def quality(line: list[Row]) -> tuple[int, float]:
        return len(line), fmean(row.mean["psnr"] for row in line)

    return [row for of_network in lines.values() for row in max(of_network.values(), key=quality)]


def filtered(results: Results, wanted: Sequence[str]) -> list[Row]:
    """Return the rows of the table that fit the filters' values, in the order of FILTERS."""
    chosen = {key: value for key, value in zip(FILTERS, wanted, strict=True) if value != ALL}
    return results.select(**chosen)


def note_text(results: Results, shown: int) -> str:
    """Return how many rows are shown, and what guessing without any features would give."""
    guess = results.mean_photo("psnr")
    return text.note(shown, len(results.rows), None if guess is None else METRICS["psnr"].with_unit(guess))


def download_button(elem_id: str) -> gr.DownloadButton:
    return gr.DownloadButton(text.download, size="sm", interactive=False, elem_id=elem_id)


def csv_file(name: str, rows: list[dict[str, Any]]) -> gr.DownloadButton:
    """Return the update that lets rows be downloaded as a new CSV file."""
    if not rows:
        return gr.DownloadButton(interactive=False)
    file = offered_file(f"{name}.csv", csv_text(rows).encode())
    return gr.DownloadButton(value=file, interactive=True)
