"""How a tab answers: in steps, each an event of its own that names only what it can change.

Nothing here streams but the progress of a fit: Gradio sends of an update what differs from the one before,
and the page changes that one in place, which it may not have shown yet.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

import gradio as gr
from gradio.blocks import Block

from explorer import Explorer, UserError
from explorer.encoders.hub import HubError
from explorer.ui.controls import Controls
from explorer.ui.events import FITS, HEAVY, PRIVATE, QUICK, sentence
from explorer.ui.texts import texts
from explorer.ui.views import About, Question, Step, Trouble, Update, View
from explorer.ui.visitor import Visitor
from explorer.wanted import NotWanted, wanted_while

labels = texts("common")
IN_TURN = PRIVATE | {"trigger_mode": "always_last", "show_progress": "hidden"}


def bell() -> gr.Textbox:
    """Return what is never seen: its change is an event (that of a State is not, but in the queue)."""
    return gr.Textbox(visible=False)


def ring() -> str:
    """Return a value that no bell has had."""
    return uuid4().hex


@dataclass(frozen=True)
class Frame:
    """What is around the tabs, seen or not.

    Ringing `ask[tab]` makes a tab answer, ringing `unfitted` makes decoders ready and asks again. `link`
    gives the update of the address.
    """

    explorer: Explorer
    controls: Controls
    views: Mapping[str, View]
    visitor: gr.State
    address: gr.HTML
    ask: Mapping[str, gr.Textbox]
    unfitted: gr.Textbox
    link: Callable[[About, tuple[Any, ...]], Update]

    @property
    def manners(self) -> dict[str, Any]:
        """How an event runs: one after the other, and without a sign of its own."""
        return IN_TURN | {"show_progress_on": self.address}  # else the page goes through all outputs

    @property
    def below(self) -> list[Any]:
        """What stands below the selectors: every step may have something to say."""
        return [self.controls.message, self.controls.stop, self.controls.retry]

    def message(self, known: Visitor, question: Question) -> Update:
        """Return what is said together with an answer, or in its place."""
        trouble = question.trouble or Trouble(question.said)
        return {self.controls.message: trouble.said} | self.buttons(known, retry=trouble.again)

    def buttons(self, known: Visitor, stop: bool = False, retry: bool = False) -> Update:
        """Return the update of the buttons below the message; none if they stay hidden."""
        changed = known.buttons or stop or retry
        known.buttons = stop or retry
        buttons = {self.controls.stop: stop, self.controls.retry: retry}
        return {button: gr.Button(visible=seen) for button, seen in buttons.items()} if changed else {}


def wire_answers(frame: Frame) -> None:
    """Connect the steps of every tab, and the fits that may come before."""
    for tab, view in frame.views.items():
        if view.triggers:  # at once: these always ask for something else
            busy = f"() => {json.dumps(labels.busy)}"
            gr.on(view.triggers, None, None, frame.controls.message, js=busy)
        step, *others = view.steps
        first = gr.on(
            [frame.ask[tab].change, *view.triggers],
            partial(begin, frame, tab),
            [frame.visitor, *view.inputs, *step.memory],
            [*step.outputs, *frame.below, frame.address, frame.unfitted],
            **frame.manners,
            **HEAVY,
        )
        say_if_lost(first, frame)
        for number, step in enumerate(others, start=1):
            follow = partial(go_on, frame, tab, number)
            inputs, outputs = [frame.visitor, *step.memory], [*step.outputs, *frame.below]
            say_if_lost(first.success(follow, inputs, outputs, **frame.manners, **HEAVY), frame)
    outputs = [*frame.below, *frame.ask.values()]
    fits = frame.unfitted.change(partial(fit, frame), frame.visitor, outputs, **frame.manners, **FITS)
    say_if_lost(fits, frame)
    stop = frame.controls.stop.click
    stop(lambda known: setattr(known, "fit_stopped", True), frame.visitor, None, **QUICK)


def begin(frame: Frame, tab: str, known: Visitor, *values: Any) -> Update:
    """Take the first step of an answer, if the open tab shows another one."""
    view = frame.views[tab]
    own, memory = values[: len(view.inputs)], values[len(view.inputs) :]
    if known.asked is None or known.asked.tab != tab:  # the visitor has gone on
        known.shown.pop(tab, None)
        return gr.skip()
    question = replace(known.asked, values=own)
    link = frame.link(question.about, own)
    if known.shown.get(tab) == (question.about, own):
        return {frame.controls.message: question.said} | link
    known.question = question
    if must_be_fitted(frame, question):
        return {frame.unfitted: ring()}
    known.shown.pop(tab, None)
    update, trouble = attempt(view, view.steps[0], question, memory)
    if not known.wants(question):
        return gr.skip()
    own = settled(view, own, update)
    question = known.question = replace(question, values=own, trouble=trouble or question.trouble)
    known.begun, known.left = question, set(range(1, len(view.steps)))
    note_if_whole(known)
    return update | frame.message(known, question) | frame.link(question.about, own)


def go_on(frame: Frame, tab: str, number: int, known: Visitor, *memory: Any) -> Update:
    """Take another step of the answer that has begun."""
    view, question = frame.views[tab], known.begun
    if question is None or question.tab != tab or number not in known.left or not known.wants(question):
        return gr.skip()
    update, trouble = attempt(view, view.steps[number], question, memory)
    if not known.wants(question):
        return gr.skip()
    if trouble:
        return update | frame.message(known, replace(question, trouble=trouble))
    known.left.discard(number)
    note_if_whole(known)
    return update or gr.skip()


def attempt(
    view: View, step: Step, question: Question, memory: Sequence[Any]
) -> tuple[Update, Trouble | None]:
    """Return what a step shows, and what it found to be in the way."""
    trouble = None
    if not question.trouble and (question.photo or not view.needs_photo):
        try:
            return step.show(question, *question.values, *memory), None
        except Exception as error:
            trouble = explained(error, question.tab)
    if (trouble or question.trouble or Trouble("")).again:
        return {}, trouble  # the picture before it stays until there is another
    return {part: value for part, value in view.empty().items() if part in step.outputs}, trouble


def settled(view: View, values: Sequence[Any], update: Update) -> tuple[Any, ...]:
    """Return the values of a tab's inputs after an update of the tab, as far as a permalink holds them."""
    held = [component for component, _ in view.in_address.values()]

    def value(component: Any, before: Any) -> Any:
        if component not in held or component not in update:
            return before
        new = update[component]
        new = new.constructor_args if isinstance(new, Block) else new
        return new.get("value", before) if isinstance(new, dict) else new

    return tuple(value(*pair) for pair in zip(view.inputs, values, strict=True))


def note_if_whole(known: Visitor) -> None:
    if not known.left and not known.begun.trouble:
        known.shown[known.begun.tab] = known.begun.about, known.begun.values


def must_be_fitted(frame: Frame, question: Question) -> bool:
    if question.trouble or not question.photo:
        return False
    with suppress(UserError):  # the answer will say it
        shows = frame.views[question.tab].shows(question.configuration, *question.values)
        return frame.explorer.engine.must_prepare(shows)
    return False


def fit(frame: Frame, known: Visitor) -> Iterator[Update]:
    """Make the networks and decoders of a question ready, and ask again."""
    question, message, trouble = known.question, frame.controls.message, None
    known.fit_stopped = False
    fitting = frame.buttons(known, stop=True)

    def overtaken() -> bool:
        return known.asked.about != question.about

    def check() -> None:
        if known.fit_stopped or overtaken():
            raise NotWanted(labels.stopped)

    try:
        wanted = frame.views[question.tab].shows(question.configuration, *question.values)
        said = labels.fitting if frame.explorer.engine.must_fit(wanted) else labels.loading
        with wanted_while(check), closing(frame.explorer.prepare(wanted)) as shares:
            for share in shares:
                check()
                yield {message: said(share)} | fitting
    except Exception as error:
        if not known.fit_stopped:
            trouble = explained(error, question.tab)
    if overtaken():
        yield gr.skip()  # what is yielded last is sent once more
    elif known.fit_stopped:
        yield {message: labels.note(labels.stopped)} | frame.buttons(known, retry=True)
    else:
        known.asked = replace(known.asked, trouble=trouble)
        yield {message: labels.busy, frame.ask[question.tab]: ring()} | frame.buttons(known)


def explained(error: Exception, tab: str) -> Trouble:
    """Return what a visitor is told of an error."""
    return Trouble(
        labels.alert(sentence(error, f"the tab {tab}")), again=isinstance(error.__cause__, HubError)
    )


def say_if_lost(event: Any, frame: Frame) -> None:
    """Let the page say so, instead of working for ever, if an event does not come back."""
    said = {frame.controls.message: labels.alert(labels.lost)}
    event.failure(lambda known: said | frame.buttons(known, retry=True), frame.visitor, frame.below, **QUICK)
