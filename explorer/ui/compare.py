"""The Compare tab: two ways to decode one photo, or one way on several photos."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.configurations import Configuration
from explorer.ui import choices, labels
from explorer.ui.controls import Question, Update, View, examples, selector_updates, selectors
from explorer.ui.pictures import gallery, picture

TITLE = "Compare"
WAYS, PHOTOS = "Two ways, one photo", "One way, several photos"
MAX_PHOTOS = 8


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    catalogue, results = explorer.catalogue(), explorer.results()
    second, _ = choices.settle(catalogue, replace(choices.DEFAULT, layer="block1"), results)
    with gr.Column(elem_id="compare"):
        title = gr.HTML(labels.compare_title(None), elem_classes="answer")
        mode = gr.Radio([WAYS, PHOTOS], value=WAYS, show_label=False, container=False, elem_id="compare-mode")
        with gr.Row(elem_id="second") as second_row:
            others = selectors(catalogue, second, prefix="b_")
        files = gr.File(
            label=f"Up to {MAX_PHOTOS} photos (without any: the examples)",
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
            label="Zoom: all pictures together, where the pointer is",
            elem_id="zoom",
        )
        with gr.Row(elem_id="four") as four:
            with gr.Column():
                gr.HTML('<p class="side">Original</p>')
                original = picture("compare-original", "The original photo", zoom=True)
            with gr.Column():
                name_a = gr.HTML()
                a = picture("compare-a", "The reconstruction by A, what the controls say", zoom=True)
            with gr.Column():
                name_b = gr.HTML()
                b = picture("compare-b", "The reconstruction by B", zoom=True)
            with gr.Column():
                gr.HTML('<p class="side">Where they differ: red where A is lighter, blue where B is</p>')
                difference = picture("compare-difference", "A minus B in brightness", zoom=True)
        pairs = gallery("compare-gallery", columns=4, zoom=True, visible=False)
        verdict = gr.HTML(labels.verdict_text(None), elem_classes="answer", elem_id="verdict")
    outputs = [title, mode, second_row, *others, files, four, original, name_a, a, name_b, b, difference]
    outputs += [pairs, verdict]

    def show(question: Question, chosen: str, *rest: Any) -> Iterator[Update]:
        """Show two reconstructions and their verdict, or those of several photos."""
        *selected, given = rest
        two = chosen != PHOTOS
        layout = {part: gr.update(visible=two) for part in (second_row, four)}
        layout |= {part: gr.update(visible=not two) for part in (files, pairs)}
        layout |= {mode: WAYS} if chosen not in (WAYS, PHOTOS) else {}
        yield from (two_ways if two else several)(
            question.path, question.configuration, selected, given, layout
        )

    def two_ways(
        path: str, first: Configuration, selected: list[str], given: Any, layout: Update
    ) -> Iterator[Update]:
        other, note = choices.settle(catalogue, Configuration(*selected), results)
        moved = dict(zip(others, selector_updates(catalogue, other, selected), strict=True))
        found = explorer.compare(path, first, other)
        yield (
            layout
            | moved
            | {
                title: labels.compare_title(found, note),
                original: found.a.original,
                name_a: labels.way("A", first),
                a: found.a.reconstruction,
                name_b: labels.way("B", other),
                b: found.b.reconstruction,
                difference: found.difference,
                verdict: labels.verdict_text(found),
            }
        )

    def several(
        path: str, c: Configuration, selected: list[str], given: Any, layout: Update
    ) -> Iterator[Update]:
        photos = [file["path"] for file in given or []] or [str(photo) for photo in examples().values()]
        found = explorer.compare_photos(photos, c)
        pictures = (
            [(x.original, "original") for x in found],
            [(x.reconstruction, labels.depth_caption(x).partition(" ")[2]) for x in found],
        )
        yield layout | {
            title: labels.photos_title(c),
            pairs: gr.update(
                value=[pair for both in zip(*pictures, strict=True) for pair in both], visible=True
            ),
            verdict: labels.photos_table(found, explorer.results()),
        }

    def shows(c: Configuration, chosen: str, *rest: Any) -> list[Configuration]:
        *selected, _ = rest
        if chosen == PHOTOS:
            return [c]
        return [c, choices.settle(catalogue, Configuration(*selected), results)[0]]

    def empty() -> Update:
        pictures = {part: None for part in (original, a, b, difference, pairs)}
        return pictures | {title: labels.compare_title(None), verdict: labels.verdict_text(None)}

    zoom.input(None, zoom, js="zoom => document.getElementById('compare').style.setProperty('--zoom', zoom)")
    keys = [f"b_{field.name}" for field in fields(Configuration)]
    return View(
        show,
        empty,
        outputs,
        inputs=[mode, *others, files],
        shows=shows,
        triggers=[mode.input, *(x.input for x in others), files.upload, files.clear],
        in_address={"mode": (mode, str)} | {key: (x, str) for key, x in zip(keys, others, strict=True)},
    )
