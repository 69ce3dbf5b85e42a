"""How the page answers: every event asks the controls what is wanted and lets the open tab show it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.encoders.hub import HubError
from explorer.ui import choices
from explorer.ui.api import HEAVY
from explorer.ui.controls import Controls, Jump, Question, Update, View, digest, example_name, examples
from explorer.ui.texts import texts

log = logging.getLogger(__name__)
labels = texts("common")
# preprocess=False: Gradio would open and convert the photo itself, and refuse a selector's value that a quick
# second change has overtaken; load_photo and settle do better. Files are still checked to be uploads.
PAGE_EVENT: dict[str, Any] = {"preprocess": False, "api_visibility": "private", **HEAVY}
FIELDS = len(asdict(choices.DEFAULT))
# The open tab as the browser has it: of two quick clicks Gradio hands on the first one's event twice.
WITH_OPEN_TAB = """(_, ...values) =>
    [document.querySelector("#tabs [role=tab][aria-selected=true]").id, ...values]"""
Asked = tuple[str | None, Configuration, tuple[Any, ...]]  # digest of the photo, configuration, tab's inputs


@dataclass
class Stopper:
    """Whether a visitor has asked that the fit that is running for them stops."""

    asked: bool = False


def wire(
    page: gr.Blocks, explorer: Explorer, controls: Controls, tabs: gr.Tabs, views: Mapping[str, View]
) -> None:
    """Connect controls and tabs; opening `page`, the Blocks, shows what its address asks for."""
    first_view = next(iter(views.values()))
    open_tab = gr.State(next(iter(views)))
    answered = gr.State({})  # {tab: what it shows}
    good_photo = gr.State(None)  # the last photo that could be shown
    asked_photo = gr.State(None)  # the digest of the last one that was asked about
    address = gr.HTML(elem_id="address")
    tab_button = gr.Textbox(visible=False)  # which one was clicked, as WITH_OPEN_TAB says
    states = [open_tab, answered, good_photo, asked_photo]
    question = [*states, controls.photo, *controls.selectors]
    stopper = gr.State(Stopper())  # every visitor has one of their own
    tab_inputs = [component for view in views.values() for component in view.inputs + view.memory]
    tab_inputs.append(stopper)
    inputs = [*question, *tab_inputs]
    outputs = [*states, *controls.outputs, address, tabs]
    for view in views.values():
        outputs += view.outputs
        outputs += [component for component, _ in view.in_address.values() if component not in view.outputs]

    def show(values: Sequence[Any], jump: Jump, moved: Update | None = None) -> Iterator[Update]:
        """Bring controls and the open tab in line with the components' values, and with a jump.

        `moved` is what a jump moves on the page besides: the tab that is open, values of its inputs.
        """
        tab, shown, good, _, file, *selected = values[: len(question)]
        tab = jump.tab if jump.tab in views else tab
        path = str(examples()[jump.example]) if jump.example in examples() else file and file["path"]
        wanted = jump.configuration or Configuration(*selected)
        try:
            found, note, settled = controls.settle(wanted, selected)
        except UserError as error:  # a timm model that cannot be shown
            yield {controls.message: labels.alert(str(error))}
            if not shown:  # an address that asks for one: the page must not stay empty
                fallback = replace(jump, configuration=choices.DEFAULT)
                yield from show(values, fallback, moved)
                yield {controls.message: labels.alert(str(error))}
            return

        own, memory = tab_values(tab, values)
        asked: Asked = (path and digest(path), found, own)
        if jump.example:
            settled |= {controls.photo: path}
        link = query(tab, path, found) | {
            key: own[views[tab].inputs.index(component)]
            for key, (component, _) in views[tab].in_address.items()
        }
        settled |= {controls.stop: gr.Button(visible=False), controls.retry: gr.Button(visible=False)}
        settled |= {open_tab: tab, asked_photo: asked[0], address: labels.address(urlencode(link))} | (
            moved or {}
        )
        if asked == shown.get(tab):
            # Gradio reports a change when a selector loses focus, too
            yield settled if jump != Jump() or tab != values[0] else gr.skip()
            return

        for name, view in views.items():
            view.interrupt(*tab_values(name, values)[1])
        yield settled | {controls.message: labels.busy}
        answered_now = {answered: shown | {tab: asked}, good_photo: path}
        if path is None and views[tab].needs_photo:
            yield views[tab].empty() | answered_now | {controls.message: labels.note(note)}
            return
        try:
            photo = explorer.photo(path) if path else None
            stop: Stopper = values[-1]
            stop.asked = False
            with closing(explorer.prepare(views[tab].shows(found, *own))) as fit:
                for share in fit:
                    if stop.asked:
                        stopped = labels.note(labels.stopped)
                        yield {controls.message: stopped, controls.stop: gr.Button(visible=False)}
                        return
                    yield {controls.message: labels.fitting(share), controls.stop: gr.Button(visible=True)}
            answered_now |= {controls.stop: gr.Button(visible=False)}
            for number, update in enumerate(views[tab].show(Question(photo, found), *own, *memory)):
                yield update | (answered_now | {controls.message: labels.note(note)} if number == 0 else {})
        except Exception as error:
            mistake = error if isinstance(error, UserError) else UserError(unexpected(tab))
            buttons = {controls.stop: gr.Button(visible=False)}
            if isinstance(mistake.__cause__, HubError):
                buttons |= {controls.retry: gr.Button(visible=True)}
                asked_again = {answered: shown}
            else:
                asked_again = {answered: shown | {tab: asked}} if good == path else {}
            yield explain(str(mistake), path, good) | asked_again | buttons

    def explain(reason: str, path: str | None, good: str | None) -> Update:
        """Say what was wrong; bring back the photo before, whose result is still on the page, if any."""
        if good and path and digest(good) != digest(path):
            return {
                controls.photo: good,
                controls.message: labels.alert(labels.photo_before.format(reason=reason)),
            }
        cleared = {key: value for view in views.values() for key, value in view.empty().items()}
        cleared |= {controls.message: labels.alert(reason), answered: {}}
        return cleared if good else cleared | {controls.photo: None}

    def tab_values(tab: str, values: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the values of a tab's inputs and of its memory."""
        of = dict(zip(map(id, tab_inputs), values[len(question) :], strict=True))
        view = views[tab]
        return tuple(of[id(x)] for x in view.inputs), tuple(of[id(x)] for x in view.memory)

    def changed(*values: Any) -> Iterator[Update]:
        yield from show(values, Jump())

    def photo_changed(*values: Any) -> Iterator[Update]:
        before, file = values[len(states) - 1 : len(states) + 1]
        if (file and digest(file["path"])) == before:
            yield gr.skip()  # the page set it itself, and the selectors may still be on their way
        else:
            yield from show(values, Jump())

    def to_tab(jump: Jump) -> Update:
        """Return the update that opens a jump's tab; a visitor who clicks on one has opened it already."""
        return {tabs: gr.Tabs(selected=jump.tab)} if jump.tab in views else {}

    def opened(button: str, *values: Any) -> Iterator[Update]:
        yield from show(values, Jump(button.removeprefix("tab-").removesuffix("-button")))

    def loaded(request: gr.Request, *values: Any) -> Iterator[Update]:
        asked = dict(request.query_params)
        values, restored = list(values), {}
        for key, (component, kind) in views.get(asked.get("tab"), first_view).in_address.items():
            with suppress(KeyError, ValueError):
                restored[component] = values[inputs.index(component)] = kind(asked[key])
        jump = from_address(asked, values)
        yield from show(values, jump, restored | to_tab(jump))

    def from_address(asked: Mapping[str, str], values: Sequence[Any]) -> Jump:
        """Return what an address such as ?tab=depth&layer=block3&decoder=linear&example=cat asks for."""
        own = Configuration(*values[len(states) + 1 : len(question)])
        wanted = {key: asked[key] for key in asdict(own) if asked.get(key)}
        tab = asked.get("tab")
        return Jump(tab if tab in views else None, replace(own, **wanted), asked.get("example"))

    event = PAGE_EVENT | {"trigger_mode": "always_last", "show_progress": "hidden"}
    event["show_progress_on"] = address  # out of sight; else the page goes through all outputs each time
    triggers = controls.triggers + [trigger for view in views.values() for trigger in view.triggers]
    page.load(loaded, inputs, outputs, **event)
    gr.on([*triggers, controls.retry.click], changed, inputs, outputs, **event)
    controls.photo.change(photo_changed, inputs, outputs, **event)
    tabs.select(opened, [tab_button, *inputs], outputs, js=WITH_OPEN_TAB, **event)
    for source in (controls, *views.values()):
        for trigger, components, find in source.jumps:

            def jump(*values: Any, find: Any = find, count: int = len(components)) -> Iterator[Update]:
                found = find(*values[:count])
                yield from show(values[count:], found, to_tab(found))

            trigger(jump, [*components, *inputs], outputs, **event)
    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    controls.stop.click(lambda stop: setattr(stop, "asked", True), stopper, None, **quick)


def unexpected(tab: str) -> str:
    """Log the exception being handled; return what a visitor is told of it."""
    log.exception("the tab %s failed", tab)
    return labels.fault


def query(tab: str, path: str | None, c: Configuration) -> dict[str, str]:
    """Return what a readable address says of a view; a visitor's own photo is not part of it."""
    example = example_name(path)
    return asdict(c) | ({"example": example} if example else {}) | {"tab": tab}
