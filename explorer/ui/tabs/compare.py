"""The Compare tab: two ways to decode one photo, or one way on several photos."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import gradio as gr

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.measures.metrics import CARDS, METRICS
from explorer.photos.photo import Photo
from explorer.reconstruction import Comparison, Reconstruction
from explorer.results.measured import Results
from explorer.ui import choices
from explorer.ui.controls import examples, selector_updates, selectors
from explorer.ui.files import offered_picture, uploaded_file
from explorer.ui.pictures import gallery, picture
from explorer.ui.texts import texts
from explorer.ui.views import Question, Step, Update, View

text = texts("compare")
TITLE = text.title
WAYS, PHOTOS = text.ways, text.photos
MAX_PHOTOS = 8


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    catalogue, results = explorer.catalogue(), explorer.results()
    second, _ = choices.settle(catalogue, replace(choices.DEFAULT, layer="block1"), results)
    with gr.Column(elem_id="compare"):
        title = gr.HTML(compare_title(None), elem_classes="answer")
        mode = gr.Radio([WAYS, PHOTOS], value=WAYS, show_label=False, container=False, elem_id="compare-mode")
        with gr.Row(elem_id="second") as second_row:
            others = selectors(catalogue, second, prefix="b_")
        files = gr.File(
            label=text.files.format(count=MAX_PHOTOS),
            file_count="multiple",
            file_types=["image"],
            visible=False,
            elem_id="compare-files",
        )
        zoom = gr.Slider(
            1,
            8,
            1,
            step=0.5,
            label=text.zoom,
            elem_id="zoom",
        )
        with gr.Row(elem_id="four") as four:
            with gr.Column():
                gr.HTML(text.original_side)
                original = picture("compare-original", text.original, zoom=True)
            with gr.Column():
                name_a = gr.HTML()
                a = picture("compare-a", text.by_a, zoom=True)
            with gr.Column():
                name_b = gr.HTML()
                b = picture("compare-b", text.by_b, zoom=True)
            with gr.Column():
                gr.HTML(text.difference_side)
                difference = picture("compare-difference", text.difference, zoom=True)
        pairs = gallery("compare-gallery", columns=4, zoom=True, visible=False)
        verdict = gr.HTML(verdict_text(None), elem_classes="answer", elem_id="verdict")
    outputs = [title, mode, second_row, *others, files, four, original, name_a, a, name_b, b, difference]
    outputs += [pairs, verdict]

    def show(question: Question, chosen: str, *rest: Any) -> Update:
        """Show two reconstructions and their verdict, or those of several photos."""
        *selected, given = rest
        two = chosen != PHOTOS
        layout = {part: gr.update(visible=two) for part in (second_row, four)}
        layout |= {part: gr.update(visible=not two) for part in (files, pairs)}
        layout |= {mode: WAYS} if chosen not in (WAYS, PHOTOS) else {}
        shown = two_ways if two else several
        return layout | shown(question.photo, question.configuration, selected, given)

    def two_ways(photo: Photo, first: Configuration, selected: list[str], given: Any) -> Update:
        other, note = choices.settle(catalogue, Configuration(*selected), results)
        moved = dict(zip(others, selector_updates(catalogue, other, selected), strict=True))
        found = explorer.compare(photo, first, other)
        return moved | {
            title: compare_title(found, note),
            original: offered_picture(found.a.original),
            name_a: text.way("A", first),
            a: offered_picture(found.a.reconstruction),
            name_b: text.way("B", other),
            b: offered_picture(found.b.reconstruction),
            difference: offered_picture(found.difference),
            verdict: verdict_text(found),
        }

    def several(photo: Photo, c: Configuration, selected: list[str], given: Any) -> Update:
        photos, unusable = readable(given or [])
        found = dict(zip(photos, explorer.compare_photos(list(photos.values()), c), strict=True))
        shown = [
            pair
            for name, x in found.items()
            for pair in ((offered_picture(x.original), name), (offered_picture(x.reconstruction), caption(x)))
        ]
        return {
            title: text.photos_heading(c, unusable),
            pairs: gr.update(value=shown, visible=True),
            verdict: photos_table(found, explorer.results()),
        }

    def readable(given: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Photo], list[str]]:
        """Return the photos by name, by default those of the examples, and why others are no photos."""
        found, unusable = {}, []
        for file in given[: MAX_PHOTOS * 2]:
            name = str(file.get("orig_name") or Path(str(file.get("path"))).name)
            try:
                photo = explorer.photo(uploaded_file(file))
            except UserError as error:
                unusable.append(f"{name}: {error}")
                continue
            found[name if name not in found else f"{name} ({len(found) + 1})"] = photo
        if given and not found:
            raise UserError(" ".join(unusable))
        return found or {name: explorer.photo(path) for name, path in examples().items()}, unusable

    def shows(c: Configuration, chosen: str, *rest: Any) -> list[Configuration]:
        *selected, _ = rest
        if chosen == PHOTOS:
            return [c]
        return [c, choices.settle(catalogue, Configuration(*selected), results)[0]]

    def empty() -> Update:
        pictures = {part: None for part in (original, a, b, difference, pairs)}
        return pictures | {title: compare_title(None), verdict: verdict_text(None)}

    zoom.input(None, zoom, js="zoom => document.getElementById('compare').style.setProperty('--zoom', zoom)")
    keys = [f"b_{field.name}" for field in fields(Configuration)]
    return View(
        [Step(show, outputs)],
        empty,
        inputs=[mode, *others, files],
        shows=shows,
        triggers=[mode.input, *(x.input for x in others), files.upload, files.clear],
        in_address={"mode": (mode, str)} | {key: (x, str) for key, x in zip(keys, others, strict=True)},
        own=lambda chosen, *rest: ["photos"] if chosen == PHOTOS and rest[-1] else [],
    )


def compare_title(found: Comparison | None, changed: str = "") -> str:
    """Return the heading of two ways; `changed` is what the second could not be, in a sentence."""
    return text.waiting() if found is None else text.heading(changed)


def verdict_text(found: Comparison | None) -> str:
    """Return who wins on which metric and by how much, with what is usual on the test photos."""
    return text.verdict([(METRICS[x.metric], x) for x in found.verdicts]) if found else ""


def photos_table(found: Mapping[str, Reconstruction], results: Results) -> str:
    """Return the figures of photos by name, each with the share of the test photos it does better than."""
    rows = [
        (name, x.metrics, results.percentile(x.configuration, "psnr", x.metrics.psnr))
        for name, x in found.items()
    ]
    return text.photos_table(CARDS, rows)


def caption(result: Reconstruction) -> str:
    return METRICS["psnr"].with_unit(result.metrics.psnr)
