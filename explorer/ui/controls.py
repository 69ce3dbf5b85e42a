"""The controls beside all tabs: one photo and one configuration, the question that every tab answers."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration
from explorer.decoders import DECODERS, LOSSES
from explorer.encoders.table import TIMM_PREFIX
from explorer.encoders.timm_models import timm_ids
from explorer.folders import EXAMPLES
from explorer.photos.photo import Photo
from explorer.results.measured import Results
from explorer.ui import choices
from explorer.ui.texts import texts

labels = texts("controls")
Update = dict[Any, Any]


@dataclass(frozen=True)
class Question:
    """A photo, None where the page has none, and a ready configuration."""

    photo: Photo | None
    configuration: Configuration


@dataclass(frozen=True)
class Jump:
    """A view to go to; None leaves the tab, the configuration or the photo as it is."""

    tab: str | None = None
    configuration: Configuration | None = None
    example: str | None = None


@dataclass(frozen=True)
class View:
    """One tab's part in the page.

    `show(question, *values of inputs, *values of memory)` yields updates of `outputs` and may raise a
    UserError; `empty()` returns the update for no photo. `show` runs when the tab is opened, when the
    question changes while it is open, and at the `triggers`, events of the tab's own components; not when
    photo, configuration and `inputs` are those that are shown. `memory` is what the tab knows of its last
    answer. `jumps` are (event, components, function of their values that returns a Jump). `in_address` are
    the inputs that a permalink holds, by their names there, each with the type of its value. A tab that
    `needs_photo` is empty without one; another is asked also then, with an empty path.
    `shows(configuration, *values of inputs)` are the configurations whose decoders it shows, which are fitted
    before, where that is needed. `interrupt(*values of memory)` ends what the tab does on its own, because
    the page shows something else.
    """

    show: Callable[..., Iterator[Update]]
    empty: Callable[[], Update]
    outputs: list[Any]
    inputs: list[Any] = default(default_factory=list)
    memory: list[Any] = default(default_factory=list)
    triggers: list[Any] = default(default_factory=list)
    jumps: list[tuple[Any, list[Any], Callable[..., Jump]]] = default(default_factory=list)
    in_address: dict[str, tuple[Any, Callable[[str], Any]]] = default(default_factory=dict)
    needs_photo: bool = True
    interrupt: Callable[..., None] = lambda *memory: None
    shows: Callable[..., Sequence[Configuration]] = lambda configuration, *values: [configuration]


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
        self.gallery = gr.Dataset(
            components=[gr.Image(render=False)],
            samples=[[str(path)] for path in paths],
            type="index",
            label=labels.example,
            elem_id="examples",
        )
        self.selectors = selectors(catalogue, start)
        self.message = gr.HTML(elem_id="message")
        self.stop = gr.Button(labels.stop, size="sm", visible=False, elem_id="stop-fitting")
        self.retry = gr.Button(labels.retry, size="sm", visible=False, elem_id="retry")
        with gr.Accordion(labels.other_network, open=False, elem_id="zoo"):
            self.model_id = gr.Dropdown(
                timm_ids(),
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
        ]

    @property
    def outputs(self) -> list[Any]:
        return [self.photo, *self.selectors, self.message, self.stop, self.retry, self.missing]

    def settle(self, wanted: Configuration, selected: list[str]) -> tuple[Configuration, str, Update]:
        """Return the configuration on offer nearest to `wanted`, what had to change, and the update for it.

        Raises UserError for a timm model that cannot be shown.
        """
        found, note = choices.settle(self.catalogue, wanted, self.results)
        updates = selector_updates(self.catalogue, found, selected)
        missing = labels.not_on_offer(choices.missing(self.catalogue, found))
        return found, note, dict(zip(self.selectors, updates, strict=True)) | {self.missing: missing}


def model_jump(model_id: str | None, weights: str) -> Jump:
    """Return the view of a timm model by its id, deep enough to have something to show."""
    if not model_id or not model_id.strip():
        return Jump()
    return Jump(configuration=Configuration(TIMM_PREFIX + model_id.strip(), "", "linear", "mse", weights))


def examples() -> dict[str, Path]:
    """Return the bundled example photos by name."""
    return {path.stem: path for path in sorted(EXAMPLES.glob("*.jpg"))}


def digest(path: str | Path) -> str:
    """Return a photo's identity: equal for equal files, wherever they lie."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def _example_digests() -> dict[str, str]:
    return {digest(path): name for name, path in examples().items()}


def example_name(path: str | None) -> str | None:
    """Return the name of the example that a file is; None for any other photo."""
    return _example_digests().get(digest(path)) if path else None


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
        moved = {} if value == current else {"value": value}
        updates.append(gr.update(choices=offered, visible=field != "weights" or len(offered) > 1, **moved))
    return updates


def photo_credits(path: Path) -> list[dict[str, str]]:
    """Return the rows of the table in a file such as CREDITS.md; none without the file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]
