"""The Explore tab: a photo, what one layer keeps of it, and the feature maps in between."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from explorer import Explorer, UserError
from explorer.checkpoints import Catalogue, Configuration
from explorer.ui import choices, labels
from explorer.ui.api import HEAVY

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
# preprocess=False: Gradio would open and convert the photo itself, and refuse a selector's value that a quick
# second change has overtaken; load_photo and settle do better. Files are still checked to be uploads.
PAGE_EVENT: dict[str, Any] = {
    "preprocess": False,
    "api_visibility": "private",
    "trigger_mode": "always_last",
    **HEAVY,
}
Shown = tuple[str | None, Configuration]


def build(explorer: Explorer, page: gr.Blocks) -> None:
    """Fill the tab being built and wire it to `explorer`; opening `page`, the Blocks, fills it."""
    catalogue = explorer.catalogue()
    start, _ = choices.settle(catalogue, choices.DEFAULT)
    examples = example_photos()
    first = str(examples[0]) if examples else None

    with gr.Row(elem_id="explore", equal_height=False):
        with gr.Column(elem_id="controls"):
            photo = gr.Image(
                first,
                label="Photo",
                sources=["upload", "webcam", "clipboard"],
                buttons=[],
                elem_id="photo",
                alt_text="The photo you chose",
                placeholder="Drop a photo here\nor click to choose one",
            )
            gallery = gr.Dataset(
                components=[gr.Image(render=False)],
                samples=[[str(path)] for path in examples],
                type="index",
                label="Or take an example",
                elem_id="examples",
            )
            selectors = _selectors(catalogue, start)
            message = gr.HTML(elem_id="message")
            with gr.Accordion("What am I choosing?", open=False, elem_id="help"):
                gr.Markdown(labels.help_text())
            with gr.Accordion("Photo credits", open=False, elem_id="credits"):
                gr.Markdown(labels.credits_text(EXAMPLES / "CREDITS.md"))

        with gr.Column(elem_id="result"):
            title = gr.HTML(labels.result_title(None), elem_id="result-title")
            comparison = gr.ImageSlider(
                type="filepath",
                format="png",
                show_label=False,
                container=False,
                interactive=False,
                elem_id="comparison",
                elem_classes="picture",
            )
            with gr.Row(elem_id="comparison-foot"):
                gr.HTML(labels.LEFT_SIDE)
                smooth = gr.Checkbox(label="Smooth", container=False, elem_id="smooth", min_width=0)
                gr.HTML(labels.RIGHT_SIDE)
            cards = gr.HTML(labels.cards(None), elem_id="cards")

        with gr.Column(elem_id="inside"):
            with gr.Row(elem_id="error-row"):
                error = _picture("error-map", "Error map: where the reconstruction is too bright or too dark")
                gr.HTML(labels.error_legend(), elem_id="error-legend")
            with gr.Row(elem_id="features-row"):
                mosaic = _picture("mosaic", "Feature maps of the chosen layer, strongest channel first")
                with gr.Column(elem_id="features-side"):
                    about_features = gr.HTML(labels.feature_text(None, 0), elem_id="features-text")
                    with gr.Row(elem_id="pager"):
                        previous = gr.Button("Previous", size="sm", elem_id="previous", interactive=False)
                        number = gr.Number(
                            1,
                            label="Page",
                            precision=0,
                            minimum=1,
                            maximum=1,
                            elem_id="page-number",
                            min_width=0,
                        )
                        following = gr.Button("Next", size="sm", elem_id="next", interactive=False)

    shown = gr.State(None)  # (path of the photo or None, configuration) that the page shows
    features = [mosaic, about_features, number, previous, following]
    question = [photo, *selectors, number, shown]
    answer = [*selectors, photo, shown, message, title, comparison, error, cards, *features]

    def show(
        file: dict[str, Any] | None, *rest: Any, wanted: Configuration | None = None
    ) -> Iterator[dict[Any, Any]]:
        """Bring the page in line with photo and selectors, or `wanted`: choices, pictures, then features."""
        path, (*selected, page_number, on_page) = file and file["path"], rest
        if (path, Configuration(*selected)) == on_page:
            yield gr.skip()  # Gradio reports a change when a selector loses focus, too
            return
        found, note = choices.settle(catalogue, wanted or Configuration(*selected))
        if found is None:
            yield {message: labels.alert(labels.NOTHING_READY)}
            return
        updates = _selector_updates(catalogue, found, selected)
        yield dict(zip(selectors, updates, strict=True)) | {message: labels.BUSY}
        if path is None:
            yield empty(found) | {message: labels.note(note)}
            return
        try:
            result = explorer.reconstruct(path, **asdict(found))
        except UserError as mistake:
            yield explain(str(mistake), path, found, on_page)
            return
        yield {
            shown: (path, found),
            message: labels.note(note),
            title: labels.result_title(result),
            comparison: (result.original, result.reconstruction),
            error: result.error,
            cards: labels.cards(result.metrics),
        }
        yield feature_page(path, found, page_number)

    def empty(found: Configuration) -> dict[Any, Any]:
        pictures = {shown: (None, found), comparison: None, error: None, mosaic: None}
        texts = {title: labels.result_title(None), cards: labels.cards(None)}
        return pictures | texts | {about_features: labels.feature_text(None, 0)} | pager(0, 1)

    def explain(reason: str, path: str, found: Configuration, on_page: Shown | None) -> dict[Any, Any]:
        """Say what was wrong; bring back the photo before, whose result is still on the page, if any."""
        good = on_page and on_page[0]
        if good and good != path:
            return {photo: good, message: labels.alert(f"{reason} The photo before it is still shown.")}
        alert = {message: labels.alert(reason)}
        if good:  # it is not the photo's fault
            return empty(found) | alert | {shown: (path, found)}
        return empty(found) | alert | {photo: None}

    def feature_page(path: str, c: Configuration, page_number: float | None) -> dict[Any, Any]:
        maps = explorer.features(path, c.architecture, c.layer, c.weights)
        last = maps.pages()
        index = min(max(1, int(page_number or 1)), last) - 1
        return {
            mosaic: gr.Image(maps.mosaic(index), alt_text=labels.mosaic_text(maps, index)),
            about_features: labels.feature_text(maps, index),
        } | pager(index, last)

    def pager(index: int, pages: int) -> dict[Any, Any]:
        return {
            number: gr.Number(index + 1, maximum=pages, label=f"Page (of {pages})"),
            previous: gr.Button(interactive=index > 0),
            following: gr.Button(interactive=index + 1 < pages),
        }

    def turn(step: int, on_page: Shown | None, page_number: float | None) -> dict[Any, Any]:
        path, found = on_page or (None, None)
        return feature_page(path, found, (page_number or 1) + step) if path and found else pager(0, 1)

    def open_page(request: gr.Request, file: dict[str, Any] | None, *rest: Any) -> Iterator[dict[Any, Any]]:
        """Show the configuration in the address, such as ?layer=block3&decoder=linear, or the page's own."""
        asked = {key: request.query_params.get(key) for key in asdict(choices.DEFAULT)}
        wanted = replace(Configuration(*rest[:-2]), **{key: value for key, value in asked.items() if value})
        yield from show(file, *rest, wanted=wanted)

    change = PAGE_EVENT | {"show_progress_on": comparison}
    turning = PAGE_EVENT | {"show_progress_on": mosaic}
    page.load(open_page, question, answer, **change)
    gr.on([photo.change, *(s.input for s in selectors)], show, question, answer, **change)
    gallery.click(lambda i: str(examples[i]), gallery, photo, api_visibility="private", queue=False)
    previous.click(partial(turn, -1), [shown, number], features, **turning)
    following.click(partial(turn, 1), [shown, number], features, **turning)
    number.submit(partial(turn, 0), [shown, number], features, **turning)
    smooth.change(
        None, smooth, js="on => { document.getElementById('explore').classList.toggle('smooth', on) }"
    )


def example_photos() -> list[Path]:
    return sorted(EXAMPLES.glob("*.jpg"))


def _selectors(catalogue: Catalogue, start: Configuration | None) -> list[gr.Dropdown]:
    """Return the selectors in the order of Configuration's fields, set to `start`."""
    offered = choices.offers(catalogue, start) if start else {}
    return [
        gr.Dropdown(
            offered.get(field, []),
            value=getattr(start, field, None),
            label=label,
            elem_id=field,
            filterable=False,
            visible=field != "weights" or len(offered.get(field, [])) > 1,
        )
        for field, label in labels.SELECTORS.items()
    ]


def _selector_updates(catalogue: Catalogue, c: Configuration, selected: list[str]) -> list[gr.Dropdown]:
    """Return what each selector offers for `c`; only a selector that stands on something else is moved."""
    updates = []
    for (field, offered), current in zip(choices.offers(catalogue, c).items(), selected, strict=True):
        value = getattr(c, field)
        moved = {} if value == current else {"value": value}
        updates.append(gr.update(choices=offered, visible=field != "weights" or len(offered) > 1, **moved))
    return updates


def _picture(elem_id: str, alt_text: str) -> gr.Image:
    return gr.Image(
        format="png",
        show_label=False,
        container=False,
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id=elem_id,
        elem_classes="picture",
        alt_text=alt_text,
    )
