"""The Ensemble tab: one photo seen through several layers at once, and what each of them brings."""

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.configurations import FusedConfiguration, place_title
from explorer.decoders import decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.measures.metrics import METRICS
from explorer.pictures.colours import gradient
from explorer.pictures.feature_maps import share_map
from explorer.reconstruction import Ensemble
from explorer.results.measured import Results
from explorer.ui.choices import LOSS_NAMES, Choices, decoder_key, sources_key
from explorer.ui.controls import Question, Update, View
from explorer.ui.pictures import gallery, picture
from explorer.ui.texts import labels

TITLE = "Ensemble"
SELECTORS = {
    "ensemble-sources": "Sources",
    "ensemble-fusion": "Fusion",
    "ensemble-decoder": "Decoder",
}
NONE_READY = "No ensemble is ready. To make some: python -m trainer sweep --preset ensemble-bundled"
Ways = dict[str, list[FusedConfiguration]]


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    ways = by_sources(explorer.catalogue().fused)
    start = default(ways)
    with gr.Row(elem_id="ensemble", equal_height=False):
        with gr.Column(elem_id="ensemble-pictures"):
            title = gr.HTML(ensemble_title(None), elem_id="ensemble-title", elem_classes="answer")
            with gr.Row(elem_id="ensemble-choice", visible=start is not None):
                selected = [
                    gr.Dropdown(choices, value=value, label=label, elem_id=elem_id, filterable=False)
                    for (elem_id, label), (choices, value) in zip(
                        SELECTORS.items(), offers(ways, start), strict=True
                    )
                ]
            with gr.Row(elem_classes="pair"):
                original = picture("ensemble-original", "The original photo")
                together = picture("ensemble-together", "The reconstruction from all sources together")
            figures = gr.HTML(elem_id="ensemble-figures", elem_classes="answer")
            about_maps = gr.HTML(elem_id="ensemble-maps-text", elem_classes="answer")
            maps = gallery("ensemble-maps", columns=4)
        with gr.Column(elem_id="ensemble-side"):
            brought = gr.HTML(elem_id="ensemble-brought", elem_classes="answer")
            errors_title = gr.HTML(elem_classes="answer")
            with gr.Row(elem_classes="pair"):
                error_alone = picture("ensemble-error-alone", "Error map of the best source alone")
                error_together = picture("ensemble-error", "Error map of all sources together")

    outputs = [title, *selected, original, together, figures, brought, errors_title, error_alone]
    outputs += [error_together, about_maps, maps]

    def show(question: Question, *asked: Any) -> Iterator[Update]:
        """Show the ensemble nearest to what is selected, and what each source brings."""
        if start is None:
            yield empty()
            return
        c = settle(ways, start, *asked)
        found = explorer.ensemble(question.photo, c)
        best = found.best_alone
        yield moved(c, asked) | {
            title: ensemble_title(c),
            original: found.result.original,
            together: found.result.reconstruction,
            figures: figures_text(found),
            brought: contributions_text(found, explorer.results()),
            errors_title: errors_text(found),
            error_alone: best.error if best else None,
            error_together: found.result.error,
            about_maps: maps_text(found),
            maps: gr.update(
                value=attention_maps(found), visible=found.contributions[0].attention is not None
            ),
        }

    def empty() -> Update:
        pictures = dict.fromkeys((original, together, error_alone, error_together, maps))
        texts = dict.fromkeys((figures, brought, errors_title, about_maps), "")
        heading = ensemble_title(None) if start else f"<h2>Ensemble</h2>{labels.note(NONE_READY)}"
        return pictures | texts | {title: heading}

    def moved(c: FusedConfiguration, asked: tuple[Any, ...]) -> Update:
        """Return what each selector offers next to `c`; only one that stands on something else is moved."""
        return {
            component: gr.update(choices=choices) | ({} if value == now else {"value": value})
            for component, (choices, value), now in zip(selected, offers(ways, c), asked, strict=True)
        }

    return View(
        show,
        empty,
        outputs,
        inputs=selected,
        triggers=[component.input for component in selected],
        in_address={name: (x, str) for name, x in zip(("sources", "fusion", "with"), selected, strict=True)},
        shows=lambda *asked: [],
    )


def by_sources(ready: list[FusedConfiguration]) -> Ways:
    """Return the ready configurations by their sources, those of several networks first."""
    found: Ways = {}
    for c in sorted(ready, key=lambda c: (-len({name for name, _ in c.sources}), len(c.sources))):
        found.setdefault(sources_key(c), []).append(c)
    return found


def default(ways: Ways) -> FusedConfiguration | None:
    """Return what is shown first: attention, whose maps can be looked at, if it is there."""
    every = [c for group in ways.values() for c in group]
    wanted = [c for c in every if c.fusion == "attention" and c.decoder == "pixel_shuffle"]
    return next(iter([*wanted, *every]), None)


def settle(
    ways: Ways, start: FusedConfiguration, sources: str, fusion: str, decoder: str
) -> FusedConfiguration:
    """Return the ready configuration nearest to what is asked: the sources first, then the fusion."""

    def nearness(c: FusedConfiguration) -> tuple[bool, ...]:
        return c.fusion == fusion, decoder_key(c) == decoder, c.decoder == start.decoder

    return max(ways.get(sources) or ways[sources_key(start)], key=nearness)


def offers(ways: Ways, c: FusedConfiguration | None) -> list[tuple[Choices, str | None]]:
    """Return (what it offers, its value) of each selector next to `c`; nothing if there is none."""
    if c is None:
        return [([], None)] * len(SELECTORS)
    group = ways[sources_key(c)]
    decoders = {decoder_key(x): x for x in group if x.fusion == c.fusion}
    return [
        ([(sources_title(x[0]), key) for key, x in ways.items()], sources_key(c)),
        ([(FUSIONS[x].title, x) for x in FUSIONS if any(y.fusion == x for y in group)], c.fusion),
        (
            [(f"{decoder_spec(x.decoder).title} ({LOSS_NAMES[x.loss]})", key) for key, x in decoders.items()],
            decoder_key(c),
        ),
    ]


def sources_title(c: FusedConfiguration) -> str:
    return place_title(c.sources) + ("" if c.weights == "imagenet" else ", random weights")


def ensemble_title(c: FusedConfiguration | None) -> str:
    """Return the heading of the tab, and what its three choices mean."""
    if c is None:
        return f'<h2>Several pairs of eyes</h2><p class="about">{labels.NO_PHOTO}</p>'
    passes = len({name for name, _ in c.sources})
    return (
        "<h2>Several pairs of eyes</h2>"
        f'<p class="about">One decoder sees {len(c.sources)} layers at once; {_times(passes)}. The photo is '
        "that of the controls, the networks are chosen here. "
        f"{escape(FUSIONS[c.fusion].title)}: {escape(FUSIONS[c.fusion].summary)}</p>"
    )


def _times(passes: int) -> str:
    return "one network runs once" if passes == 1 else f"{passes} networks run, each once"


def figures_text(found: Ensemble) -> str:
    """Return the figures of the ensemble beside those of its best source alone, as a table."""
    sides = [x for x in (found.best_alone, found.result) if x]
    header = [escape(place_title(x.configuration.sources)) + " alone" for x in sides[:-1]] + ["together"]
    rows = [
        (
            f'{metric.name} <span class="unit">{metric.beside}</span>',
            *(metric.format(x.metrics.get(key)) for x in sides),
        )
        for key, metric in METRICS.items()
    ]
    return labels.table(["", *header], rows)


def contributions_text(found: Ensemble, results: Results) -> str:
    """Return the gain over the best source alone, on this photo and the test photos, and a row a source."""
    c, psnr = found.result.configuration, found.result.metrics.psnr
    best = found.best_alone
    lines = []
    if best:
        more = psnr - best.metrics.psnr
        lines.append(
            f"On this photo <b>{more:+.2f} dB</b> compared with the best source alone, "
            f"{escape(place_title(best.configuration.sources))}, by the same kind of decoder."
        )
    row = results.row(c)
    if row and row.gain:
        low, high = row.gain.ci95
        lines.append(
            f"On the {len(row.per_image)} test photos <b>{row.gain.psnr:+.2f} dB</b> on average "
            f"(95 % interval {low:+.2f} to {high:+.2f}, {_chance(row.gain.p_holm)})."
        )
    lost = {x.place: x.psnr for x in row.lost} if row else {}
    columns = {
        "alone, dB": [f"{x.alone.metrics.psnr:.2f}" if x.alone else "–" for x in found.contributions],
        "without it, dB": [f"{x.without.psnr:.2f}" for x in found.contributions],
    }
    if found.contributions[0].weight is not None:
        columns["weight"] = [f"{x.weight:.0%}" for x in found.contributions]
    if lost:
        columns["lost without it on the test photos, dB"] = [
            f"{lost[x.place]:.2f}" for x in found.contributions
        ]
    names = [place_title([x.place]) for x in found.contributions]
    header, rows = ["", *columns], list(zip(names, *columns.values(), strict=True))
    about = (
        "Without it: its features are replaced by their mean over many photos, and the decoder, which counts "
        "on them, draws the rest."
    )
    text = "".join(f'<p class="reading">{line}</p>' for line in lines)
    return f'<h2>What each brings</h2>{text}{labels.table(header, rows)}<p class="about">{about}</p>'


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def errors_text(found: Ensemble) -> str:
    best = found.best_alone
    alone = escape(place_title(best.configuration.sources)) if best else "no source alone"
    return (
        f'<h2>Error maps</h2><p class="about">Left: {alone}. Right: all together. Blue is too dark, red too '
        "bright, white right; the scale is that of Explore.</p>"
    )


def range_of_shares(found: Ensemble) -> tuple[float, float]:
    """Return where the maps' colours begin and end: the lowest and highest weight of any source anywhere."""
    maps = [x.attention for x in found.contributions]
    return min(float(x.min()) for x in maps), max(float(x.max()) for x in maps)


def attention_maps(found: Ensemble) -> list[tuple[Any, str]]:
    """Return each source's weights over the photo and a caption; none where sources are not weighed."""
    if found.contributions[0].attention is None:
        return []
    ends = range_of_shares(found)
    return [
        (
            share_map(x.attention, found.result.original, *ends),
            f"{place_title([x.place])}: {x.weight:.0%}",
        )
        for x in found.contributions
    ]


def maps_text(found: Ensemble) -> str:
    """Return what the maps say, with their scale; for a fusion without weights, that there are none."""
    heading = "<h2>Who is listened to where</h2>"
    if found.contributions[0].attention is None:
        return (
            f'{heading}<p class="about">Stacked channels have no weights to look at; the other fusions '
            "have.</p>"
        )
    low, high = range_of_shares(found)
    return (
        f'{heading}<p class="about">The learned weights over the photo, one map a source; at every place '
        "they add up to 100 %. A weight says how much is taken of a source there, not how good that is: what "
        "would be lost without it says the table.</p>"
        f'<div class="scale" style="background: linear-gradient(to right, {gradient("viridis")})"></div>'
        f'<div class="ticks"><span>{low:.0%}</span><span></span><span>{high:.0%}</span></div>'
    )
