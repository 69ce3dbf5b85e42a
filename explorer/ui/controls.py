"""The controls beside all tabs: one photo and one configuration, which every tab is asked about."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration
from explorer.decoders import DECODERS, LOSSES
from explorer.encoders.table import TIMM_PREFIX
from explorer.encoders.timm_models import timm_ids
from explorer.folders import EXAMPLES
from explorer.limits import allowed_timm
from explorer.photos.photo import CENTRE, Position
from explorer.results.measured import Results
from explorer.ui import choices
from explorer.ui.events import wanted
from explorer.ui.static_files import script
from explorer.ui.texts import texts
from explorer.ui.views import Jump, Update

labels = texts("controls")
FIRST_EXAMPLE = "cat"  # the classifier is sure of it


class Controls:
    """Photo, examples, selectors and the message below them, in the column being built."""

    def __init__(self, catalogue: Catalogue, results: Results):
        self.catalogue = catalogue
        self.results = results
        start, _ = choices.settle(catalogue, choices.DEFAULT, results)
        paths = list(examples().values())
        self.photo = gr.Image(
            str(paths[0]) if paths else None,
            label=labels.photo,
            sources=["upload", "webcam", "clipboard"],
            buttons=[],
            elem_id="photo",
            alt_text=labels.photo_shows,
            placeholder=labels.drop_here,
        )
        self.seen = gr.HTML(
            labels.seen(CENTRE, moves=False),
            js_on_load=script("crop"),
            apply_default_css=False,
            elem_id="crop",
        )
        self.at = gr.State(CENTRE)  # where the visitor moved the frame to
        self.gallery = gr.Dataset(
            components=[gr.Image(render=False)],
            samples=[[str(path)] for path in paths],
            type="index",
            label=labels.example,
            elem_id="examples",
        )
        self.moved = self.seen.input(moved_to, self.seen, self.at, **wanted("crop"))
        self.message = gr.HTML(elem_id="message")
        self.stop = gr.Button(labels.stop, size="sm", visible=False, elem_id="stop-fitting")
        self.retry = gr.Button(labels.retry, size="sm", visible=False, elem_id="retry")
        gr.HTML(labels.more(), elem_id="more")
        allowed = allowed_timm()
        visible = allowed is None or bool(allowed)
        with gr.Column(elem_id="folded"):
            self.selectors = selectors(catalogue, start)
            with gr.Accordion(labels.other_network, open=False, elem_id="zoo", visible=visible):
                self.model_id = gr.Dropdown(
                    timm_ids() if allowed is None else allowed,
                    value=None,
                    label=labels.timm_id,
                    allow_custom_value=True,
                    elem_id="timm-id",
                )
                gr.HTML(labels.zoo())
            self.missing = gr.HTML(elem_id="missing")
            with gr.Accordion(labels.help_title, open=False, elem_id="help"):
                gr.Markdown(labels.help(DECODERS, LOSSES))
            with gr.Accordion(labels.credits_title, open=False, elem_id="credits"):
                gr.Markdown(labels.credits(photo_credits(EXAMPLES / "CREDITS.md")))

    @property
    def triggers(self) -> list[Any]:
        return [selector.input for selector in self.selectors]

    @property
    def jumps(self) -> list[tuple[Any, list[Any], Callable[..., Jump]]]:
        return [
            (self.gallery.click, [self.gallery], lambda index: Jump(example=list(examples())[index])),
            (self.model_id.input, [self.model_id, self.selectors[-1]], model_jump),
            (self.moved.then, [self.at], lambda at: Jump(at=at)),
        ]

    @property
    def outputs(self) -> list[Any]:
        shown = [self.photo, self.seen, *self.selectors, self.missing]
        return [*shown, self.message, self.stop, self.retry]

    def frame(self, at: Position, moves: bool) -> Update:
        """Return the update of the frame over the photo, and whether the visitor can move it."""
        return {self.seen: labels.seen(at, moves)}

    def settle(self, wanted: Configuration, selected: list[str]) -> tuple[Configuration, str, Update]:
        """Return the configuration on offer nearest to `wanted`, what had to change, and the update for it.

        Raises UserError for a timm model that cannot be shown.
        """
        found, note = choices.settle(self.catalogue, wanted, self.results)
        updates = selector_updates(self.catalogue, found, selected)
        missing = labels.not_on_offer([c for c, _ in choices.missing(self.catalogue, found)])
        return found, note, dict(zip(self.selectors, updates, strict=True)) | {self.missing: missing}


def moved_to(text: str | None) -> Position | None:
    """Return where the browser says that the frame over the photo is, "0.5 0.1"; None if it says nothing."""
    with suppress(AttributeError, ValueError):
        x, y = (min(1.0, max(0.0, float(share))) for share in text.split())
        return x, y
    return None


def model_jump(model_id: str | None, weights: str) -> Jump:
    """Return the view of a timm model by its id, deep enough to have something to show."""
    if not model_id or not model_id.strip():
        return Jump()
    return Jump(configuration=Configuration(TIMM_PREFIX + model_id.strip(), "", "linear", "mse", weights))


def examples() -> dict[str, Path]:
    """Return the bundled example photos by name, the one that the page opens with first."""
    found = sorted(EXAMPLES.glob("*.jpg"), key=lambda path: (path.stem != FIRST_EXAMPLE, path.stem))
    return {path.stem: path for path in found}


def selectors(catalogue: Catalogue, start: Configuration, prefix: str = "") -> list[gr.Dropdown]:
    """Return the selectors in the order of Configuration's fields, set to `start`."""
    offered = choices.selector_choices(catalogue, start)
    return [
        gr.Dropdown(
            offered.get(field, []),
            value=getattr(start, field, None),
            label=label,
            elem_id=prefix + field,
            filterable=False,
            visible=field != "weights" or len(offered.get(field, [])) > 1,
        )
        for field, label in labels.selectors.items()
    ]


def selector_updates(catalogue: Catalogue, c: Configuration, selected: list[str]) -> list[gr.Dropdown]:
    """Return what each selector offers for `c`; only a selector that stands on something else is moved."""
    updates = []
    for (field, offered), current in zip(
        choices.selector_choices(catalogue, c).items(), selected, strict=True
    ):
        value = getattr(c, field)
        changes = {} if value == current else {"value": value}
        if field == "weights":
            changes["visible"] = len(offered) > 1
        updates.append(gr.update(choices=offered, **changes))
    return updates


def one_of(selector: gr.Dropdown | gr.Radio) -> Callable[[str], str]:
    """Return what reads a selector's value from an address; it raises ValueError for one not on offer."""

    def read(text: str) -> str:
        if text not in {value for _, value in selector.choices}:
            raise ValueError(text)
        return text

    return read


def photo_credits(path: Path) -> list[dict[str, str]]:
    """Return the rows of the table in a file such as CREDITS.md; none without the file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]
