"""How the page asks: its events settle what is wanted, and ask the open tab if it shows something else."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.photos.photo import CENTRE, Photo
from explorer.ui import choices
from explorer.ui.answers import Frame, bell, ring, wire_answers
from explorer.ui.controls import Controls, examples, moved_to
from explorer.ui.events import HEAVY
from explorer.ui.files import shown_file, uploaded_file
from explorer.ui.texts import texts
from explorer.ui.views import About, Jump, Question, Update, View
from explorer.ui.visitor import Visitor

labels = texts("common")
STAY = Jump()
Where = Sequence[Any]
# The page names its open tab and the time: events overtake each other, and Gradio sends one that had to wait
# with the data of the one it waited for, which is the tab that was clicked before. After them stands what the
# browser keeps of an own photo over a reload: its path, and where it is cropped.
OPEN_TAB = """(_, ...values) => {
    const tab = document.querySelector(".tab-wrapper [role=tab][aria-selected=true]");
    return [[tab?.dataset.tabId ?? "", performance.now(), sessionStorage.getItem("own-photo"),
        sessionStorage.getItem("own-crop")], ...values];
}"""

# The photo that is shown, taken again after another was refused, changes nothing else.
FORGET = """said => {
    const again = document.querySelector("#retry")?.offsetParent;
    return said?.includes('class="alert"') && !again ? "" : said;
}"""


def wire(
    page: gr.Blocks, explorer: Explorer, controls: Controls, tabs: gr.Tabs, views: Mapping[str, View]
) -> None:
    """Connect controls and tabs; opening `page`, the Blocks, shows what its address asks for."""
    visitor = gr.State(Visitor())  # every page has one of its own
    open_tab = gr.Textbox(visible=False)
    address = gr.HTML(elem_id="address")
    ask = {tab: bell() for tab in views}
    frame = Frame(explorer, controls, views, visitor, address, ask, bell(), lambda *shown: link(*shown))
    wire_answers(frame)
    running = [view.running for view in views.values() if view.running]
    inputs = [visitor, controls.photo, *controls.selectors, *running]

    def settle(
        where: Where,
        values: Sequence[Any],
        jump: Jump = STAY,
        restored: Update | None = None,
        again: bool = False,
        alert: str = "",
    ) -> Update:
        """Bring the controls in line with the components' values and a jump, and ask the tab if need be.

        `restored` are values of the tabs' inputs that are still to be set; `again`: also for what is asked;
        `alert` is said with the answer.
        """
        of = dict(zip(map(id, inputs), values, strict=True))
        known: Visitor = of[id(visitor)]
        if where[0] in views:
            known.tell(*where[:2])
        if jump.keeps_own and known.photo and known.photo.digest not in example_names():
            jump = replace(jump, example=None)
        selected = [str(of[id(selector)]) for selector in controls.selectors]
        try:
            photo, file, own = find_photo(jump, of[id(controls.photo)], known)
            back = {}
        except UserError as error:
            photo, file, own = known.photo, known.file, True
            alert = labels.alert(labels.photo_before.format(reason=error) if file else str(error))
            back = {controls.photo: file, controls.message: alert}
        try:
            found, note, settled = controls.settle(jump.configuration or Configuration(*selected), selected)
        except UserError as error:  # a timm model that cannot be shown
            alert = labels.alert(str(error))
            if known.asked:
                return back | {controls.message: alert}
            usual = replace(jump, configuration=choices.DEFAULT)  # an address: the page must not stay empty
            return settle(where, values, usual, restored, again, alert)

        moved = (file, photo and photo.at) != (known.file, known.photo and known.photo.at)
        known.photo, known.file, known.tab = photo, file, jump.tab or known.tab
        question = Question(known.tab, photo, found, alert or labels.note(note))
        same = known.asked is not None and known.asked.about == question.about and not again
        if same and jump == STAY:
            return back or gr.skip()  # Gradio reports a change when a selector loses focus, too
        settled |= back
        if jump.tab and jump.tab != where[0]:
            settled[tabs] = gr.Tabs(selected=jump.tab)
        if jump.example or jump.file:
            settled[controls.photo] = file
        if moved:
            settled |= controls.frame(photo.at if photo else CENTRE, moves=own)
        if not same:
            settled |= frame.buttons(known)
            for view in views.values():
                if view.running:
                    view.interrupt(of[id(view.running)])
        known.asked = question
        shown = known.shown.get(known.tab)
        if shown and shown[0] == question.about and jump == STAY and not again:
            return settled | {controls.message: question.said} | link(*shown)
        return settled | (restored or {}) | {controls.message: labels.busy, ask[known.tab]: ring()}

    def find_photo(
        jump: Jump, file: Mapping[str, Any] | None, known: Visitor
    ) -> tuple[Photo | None, str | None, bool]:
        """Return the photo, its path, and whether it is the visitor's own; no photo where the page has none.

        Raises UserError.
        """
        chosen = str(examples()[jump.example]) if jump.example in examples() else jump.file
        path = chosen or (file and uploaded_file(file)) or None
        if not path:
            return None, None, False
        photo = explorer.photo(path)
        own = photo.digest not in example_names()  # an example stays: no link says where it is cropped
        at = jump.at or (known.photo.at if known.photo and path == known.file else CENTRE)
        return explorer.photo(path, at) if own and at != CENTRE else photo, path, own

    def link(about: About, values: tuple[Any, ...]) -> Update:
        """Return the update of the address, which says all of a view but what is a visitor's own."""
        view, example = views[about.tab], example_names().get(about.photo)
        query = asdict(about.configuration) | ({"example": example} if example else {}) | {"tab": about.tab}
        for key, (component, _) in view.in_address.items():
            query[key] = values[view.inputs.index(component)]
        own = (["photo"] if about.photo and not example else []) + view.own(*values)
        query |= {"own": " ".join(own)} if own else {}
        return {address: labels.address(urlencode(query), own)}

    @cache
    def example_names() -> dict[str, str]:
        return {explorer.photo(path).digest: name for name, path in examples().items()}

    def changed(where: Where, *values: Any, again: bool = False) -> Update:
        return settle(where, values, again=again)

    def photo_changed(where: Where, *values: Any) -> Update:
        known, file, *_ = values
        with suppress(UserError):
            path = uploaded_file(file) if file else None
            if path and (shown := shown_file(path)) != path:
                return {controls.photo: shown}  # which changes the photo once more
            photo, *_ = find_photo(STAY, file, known)
            if (photo and photo.digest) == (known.photo and known.photo.digest):
                return gr.skip()  # the page set it itself, and the selectors may still be on their way
        return settle(where, values)

    def loaded(where: Where, request: gr.Request, *values: Any) -> Update:
        asked, restored = dict(request.query_params), {}
        own = [key for key in labels.own if key in asked.get("own", "").split()]
        kept = own_photo(where[2]) if "photo" in own else None
        lost = [key for key in own if key != "photo" or not kept]
        tab = asked.get("tab") if asked.get("tab") in views else next(iter(views))
        for key, (component, kind) in views[tab].in_address.items():
            with suppress(KeyError, ValueError):
                restored[component] = kind(asked[key])
        said = labels.note(labels.not_in_link(lost)) if lost else ""
        at = moved_to(where[3]) if kept else None
        found = Jump(example=None if kept else asked.get("example"), file=kept, at=at)
        try:
            meant = from_address(asked, tab, values)
            found = replace(meant, example=None if kept else meant.example, file=kept, at=at)
            return settle(where, values, found, restored, alert=said)
        except UserError as error:
            usual = replace(found, tab=tab, configuration=choices.DEFAULT)
            return settle(where, values, usual, restored, alert=labels.alert(str(error)))

    def own_photo(path: str | None) -> str | None:
        """Return the path of the photo that the browser had here before a reload, if it still is here."""
        with suppress(UserError):
            if path and (file := uploaded_file({"path": path})) and explorer.photo(file):
                return file
        return None

    def from_address(asked: Mapping[str, str], tab: str, values: Sequence[Any]) -> Jump:
        """Return what an address such as ?tab=depth&layer=block3&decoder=linear&example=cat asks for.

        Raises UserError for a network that cannot be shown.
        """
        meant = views[tab].opens(asked)
        selected = [str(values[inputs.index(selector)]) for selector in controls.selectors]
        usual = meant.configuration or Configuration(*selected)
        wanted = {key: asked[key] for key in asdict(usual) if asked.get(key)}
        return Jump(tab, replace(usual, **wanted), asked.get("example") or meant.example)

    slow = frame.manners | HEAVY | {"js": OPEN_TAB}  # to read a photo or a timm network takes its time
    event = frame.manners | {"queue": False, "js": OPEN_TAB}
    inputs_and_tab = [open_tab, *inputs]
    bells = list(ask.values())  # last: when they ring, the others have their values
    outputs = [*controls.outputs, address, *bells]
    in_address = [component for view in views.values() for component, _ in view.in_address.values()]
    # never in the queue: a full one must not keep the page from opening
    page.load(loaded, inputs_and_tab, [*controls.outputs, address, tabs, *in_address, *bells], **event)
    gr.on(controls.triggers, changed, inputs_and_tab, outputs, **event)
    controls.retry.click(partial(changed, again=True), inputs_and_tab, outputs, **event)
    controls.photo.change(photo_changed, inputs_and_tab, outputs, **slow)
    controls.photo.upload(None, controls.message, controls.message, js=FORGET)
    tabs.change(changed, inputs_and_tab, outputs, **event)
    for source in (controls, *views.values()):
        for trigger, components, find in source.jumps:

            def jump(where: Where, *values: Any, find: Any = find, count: int = len(components)) -> Update:
                try:
                    wanted = find(*values[:count])
                except UserError as error:
                    return {controls.message: labels.alert(str(error))}
                return settle(where, values[count:], wanted)

            manners = slow if source is controls else event
            trigger(jump, [open_tab, *components, *inputs], [tabs, *outputs], **manners)
