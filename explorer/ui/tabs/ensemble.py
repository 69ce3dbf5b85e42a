"""The Ensemble tab: one photo seen through several layers at once, and what each of them brings."""

from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.configurations import FusedConfiguration, place_title
from explorer.decoders import decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.measures.metrics import METRICS
from explorer.pictures.feature_maps import share_map
from explorer.reconstruction import Ensemble
from explorer.results.measured import Results
from explorer.ui.choices import LOSS_NAMES, Choices, decoder_key, sources_key
from explorer.ui.files import offered_picture
from explorer.ui.pictures import gallery, picture
from explorer.ui.texts import texts
from explorer.ui.views import Question, Step, Update, View

text = texts("ensemble")
TITLE, SELECTORS = text.title, text.selectors
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
                        SELECTORS.items(), choices_and_values(ways, start), strict=True
                    )
                ]
            with gr.Row(elem_classes="pair"):
                original = picture("ensemble-original", text.original)
                together = picture("ensemble-together", text.together)
            figures = gr.HTML(elem_id="ensemble-figures", elem_classes="answer")
            about_maps = gr.HTML(elem_id="ensemble-maps-text", elem_classes="answer")
            maps = gallery("ensemble-maps", columns=4)
        with gr.Column(elem_id="ensemble-side"):
            brought = gr.HTML(elem_id="ensemble-brought", elem_classes="answer")
            errors_title = gr.HTML(elem_classes="answer")
            with gr.Row(elem_classes="pair"):
                error_alone = picture("ensemble-error-alone", text.error_alone)
                error_together = picture("ensemble-error", text.error_together)

    outputs = [title, *selected, original, together, figures, brought, errors_title, error_alone]
    outputs += [error_together, about_maps, maps]

    def show(question: Question, *asked: Any) -> Update:
        """Show the ensemble nearest to what is selected, and what each source brings."""
        if start is None:
            return empty()
        c = settle(ways, start, *asked)
        found = explorer.ensemble(question.photo, c)
        best = found.best_alone
        return moved(c, asked) | {
            title: ensemble_title(c),
            original: offered_picture(found.result.original),
            together: offered_picture(found.result.reconstruction),
            figures: figures_text(found),
            brought: contributions_text(found, explorer.results()),
            errors_title: text.errors(best),
            error_alone: offered_picture(best.error) if best else None,
            error_together: offered_picture(found.result.error),
            about_maps: maps_text(found),
            maps: gr.update(
                value=attention_maps(found), visible=found.contributions[0].attention is not None
            ),
        }

    def empty() -> Update:
        pictures = dict.fromkeys((original, together, error_alone, error_together, maps))
        texts = dict.fromkeys((figures, brought, errors_title, about_maps), "")
        heading = ensemble_title(None) if start else text.none_ready()
        return pictures | texts | {title: heading}

    def moved(c: FusedConfiguration, asked: tuple[Any, ...]) -> Update:
        """Return what each selector offers next to `c`; only one that stands on something else is moved."""
        return {
            component: gr.update(choices=choices) | ({} if value == now else {"value": value})
            for component, (choices, value), now in zip(
                selected, choices_and_values(ways, c), asked, strict=True
            )
        }

    return View(
        [Step(show, outputs)],
        empty,
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


def choices_and_values(ways: Ways, c: FusedConfiguration | None) -> list[tuple[Choices, str | None]]:
    """Return (what it offers, its value) of each selector next to `c`; nothing if there is none."""
    if c is None:
        return [([], None)] * len(SELECTORS)
    group = ways[sources_key(c)]
    decoders = {decoder_key(x): x for x in group if x.fusion == c.fusion}
    return [
        ([(sources_title(x[0]), key) for key, x in ways.items()], sources_key(c)),
        ([(FUSIONS[x].title, x) for x in FUSIONS if any(y.fusion == x for y in group)], c.fusion),
        (
            [(decoder_title(x), key) for key, x in decoders.items()],
            decoder_key(c),
        ),
    ]


def sources_title(c: FusedConfiguration) -> str:
    sources = place_title(c.sources)
    return sources if c.weights == "imagenet" else text.sources_random.format(sources=sources)


def decoder_title(c: FusedConfiguration) -> str:
    return text.decoder.format(decoder=decoder_spec(c.decoder).title, loss=LOSS_NAMES[c.loss])


def ensemble_title(c: FusedConfiguration | None) -> str:
    """Return the heading of the tab, and what its three choices mean."""
    if c is None:
        return text.waiting()
    return text.heading(c, FUSIONS[c.fusion], len({name for name, _ in c.sources}))


def figures_text(found: Ensemble) -> str:
    """Return the figures of the ensemble beside those of its best source alone."""
    return text.figures(METRICS.values(), found.best_alone, found.result)


def contributions_text(found: Ensemble, results: Results) -> str:
    """Return the gain over the best source alone, on this photo and the test photos, and a row a source."""
    row = results.row(found.result.configuration)
    lost = {x.place: x.psnr for x in row.lost} if row else {}
    return text.brought(found, row and row.gain, len(row.per_image) if row else 0, lost)


def range_of_shares(found: Ensemble) -> tuple[float, float]:
    """Return where the maps' colours begin and end: the lowest and highest weight of any source anywhere."""
    maps = [x.attention for x in found.contributions]
    return min(float(x.min()) for x in maps), max(float(x.max()) for x in maps)


def attention_maps(found: Ensemble) -> list[tuple[str, str]]:
    """Return a picture file of each source's weights, and a caption; none where sources are not weighed."""
    if found.contributions[0].attention is None:
        return []
    ends = range_of_shares(found)
    return [
        (
            offered_picture(share_map(x.attention, found.result.original, *ends)),
            text.map_caption.format(source=place_title([x.place]), weight=x.weight),
        )
        for x in found.contributions
    ]


def maps_text(found: Ensemble) -> str:
    """Return what the maps say, with their scale; for a fusion without weights, that there are none."""
    return text.no_maps() if found.contributions[0].attention is None else text.maps(*range_of_shares(found))
