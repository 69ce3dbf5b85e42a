"""The steps of an answer, without a page: what is shown of it, and what no longer is."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from explorer import UserError
from explorer.configurations import Configuration
from explorer.encoders.hub import HubError
from explorer.photos.photo import Photo
from explorer.ui.answers import Frame, begin, fit, go_on, settled
from explorer.ui.views import Question, Step, View
from explorer.ui.visitor import Visitor
from explorer.wanted import check_wanted

PHOTO = Photo(Image.new("RGB", (224, 224), "teal"), (224, 224))
SKIPPED = gr.skip()


@dataclass
class Tab:
    """A tab of two steps, which say what they were asked, and the page around it."""

    shares: list[float] = field(default_factory=list)  # of a fit that is still to be done
    during: Any = lambda: None  # what else happens while a step or a fit is at work

    def __post_init__(self):
        with gr.Blocks():
            self.first, self.second, self.message, self.stop, self.retry, self.address, self.ask = (
                gr.HTML() for _ in range(7)
            )
        steps = [
            Step(lambda question, *values: self.told(self.first, question, *values), [self.first]),
            Step(lambda question, *values: self.told(self.second, question, *values), [self.second]),
        ]
        self.view = View(steps, lambda: {self.first: "", self.second: ""}, inputs=["strength"])
        must = lambda shown: bool(self.shares)  # noqa: E731
        engine = SimpleNamespace(must_fit=must, must_prepare=must)
        self.frame = Frame(
            explorer=SimpleNamespace(engine=engine, prepare=self.prepare),
            controls=SimpleNamespace(message=self.message, stop=self.stop, retry=self.retry),
            views={"tab": self.view, "other": self.view},
            visitor=None,
            address=self.address,
            ask={"tab": self.ask, "other": self.ask},
            unfitted=self.ask,
            link=lambda about, values: {self.address: (about, values)},
        )
        self.known = Visitor()
        self.asks()

    def asks(self, tab: str = "tab", **configuration: str) -> None:
        self.known.asked = Question(tab, PHOTO, Configuration(**configuration), said="a note")

    def told(self, part: Any, question: Question, strength: int) -> dict[Any, Any]:
        self.during()
        return {part: f"{question.configuration.layer} {strength}"}

    def prepare(self, shown: Any) -> Any:
        for share in self.shares:
            self.during()
            yield share
        self.shares = []

    def begin(self, strength: int = 1) -> dict[Any, Any]:
        return begin(self.frame, "tab", self.known, strength)

    def go_on(self) -> dict[Any, Any]:
        return go_on(self.frame, "tab", 1, self.known)


def refuse(error: Exception) -> None:
    raise error


def test_an_answer_comes_in_steps_and_once():
    tab = Tab()
    assert tab.begin() == {
        tab.first: "block1 1",
        tab.message: "a note",
        tab.address: (tab.known.asked.about, (1,)),
    }
    assert tab.known.shown == {}
    assert tab.go_on() == {tab.second: "block1 1"}
    assert tab.known.shown == {"tab": (tab.known.asked.about, (1,))}
    assert tab.first not in tab.begin() and tab.begin()[tab.message] == "a note"
    assert tab.go_on() == SKIPPED
    assert tab.begin(strength=2)[tab.first] == "block1 2"


def test_a_link_holds_what_a_step_made_of_the_values_that_it_was_given():
    with gr.Blocks():
        strength = gr.Slider(0, 10, 3)
    view = replace(Tab().view, inputs=[strength], in_address={"strength": (strength, float)})
    for new, held in [(gr.Slider(value=5), 5), (gr.update(value=6), 6), (7, 7), (gr.Slider(maximum=9), 3)]:
        assert settled(view, (3,), {strength: new}) == (held,)
    assert settled(view, (3,), {}) == (3,)
    assert settled(replace(view, in_address={}), (3,), {strength: 7}) == (3,)


@pytest.mark.parametrize("meanwhile", [{"layer": "block2"}, {"tab": "other"}])
def test_an_answer_that_has_been_overtaken_is_not_shown(meanwhile):
    tab = Tab()
    tab.begin()
    tab.during = lambda: tab.asks(**meanwhile)
    assert tab.go_on() == SKIPPED
    tab.during = lambda: None
    tab.asks()
    tab.during = lambda: tab.asks(**meanwhile)
    assert tab.begin(strength=2) == SKIPPED
    assert tab.known.shown == {}


def test_a_step_whose_first_one_has_been_overtaken_waits_for_the_next():
    tab = Tab()
    tab.begin(strength=1)
    tab.known.question = None  # begin(strength=2) is at work
    assert tab.go_on() == SKIPPED


def test_a_visitor_who_has_gone_on_is_asked_anew_when_coming_back():
    tab = Tab()
    tab.begin()
    tab.go_on()
    tab.asks(tab="other")
    assert tab.begin(strength=2) == SKIPPED  # a slider let go in the moment of leaving
    assert "tab" not in tab.known.shown


def test_a_tab_that_cannot_answer_is_emptied_and_says_why():
    tab = Tab(during=lambda: refuse(UserError("no such layer")))
    update = tab.begin()
    assert update[tab.first] == "" and "no such layer" in update[tab.message]
    assert tab.retry not in update
    assert tab.go_on() == {tab.second: ""}
    assert tab.known.shown == {}


def test_what_the_hub_did_not_give_can_be_tried_again_and_the_offer_ends_with_an_answer():
    tab = Tab()

    def unreachable():
        try:
            raise HubError("unreachable")
        except HubError as error:
            raise UserError("no weights") from error

    tab.during = unreachable
    update = tab.begin()
    assert update[tab.retry].visible is True and tab.first not in update  # the picture before it stays
    assert tab.second not in tab.go_on()
    tab.during = lambda: None
    assert tab.begin()[tab.retry].visible is False
    assert tab.retry not in tab.begin(strength=2)


def test_a_fault_is_logged_and_told_without_its_details(caplog):
    tab = Tab(during=lambda: refuse(ZeroDivisionError("secret")))
    update = tab.begin()
    assert "fault in the app" in update[tab.message] and "secret" not in update[tab.message]
    assert "secret" in caplog.text


def test_a_tab_without_a_photo_is_empty():
    tab = Tab(during=lambda: refuse(AssertionError("nothing is to be done")))
    tab.known.asked = Question("tab", None, Configuration(), said="a note")
    update = tab.begin()
    assert (update[tab.first], update[tab.message]) == ("", "a note")
    assert tab.go_on() == {tab.second: ""}


def test_decoders_are_fitted_before_and_every_update_of_the_progress_is_whole():
    tab = Tab(shares=[0.0, 0.5])
    assert list(tab.begin()) == [tab.ask]
    *progress, last = fit(tab.frame, tab.known)
    assert [set(update) for update in progress] == [{tab.message, tab.stop, tab.retry}] * 2
    assert all(update[tab.stop].visible for update in progress)
    assert set(last) == {tab.message, tab.stop, tab.retry, tab.ask}
    assert not last[tab.stop].visible
    assert tab.begin()[tab.first] == "block1 1"


def test_a_fit_that_is_stopped_leaves_what_was_shown_and_can_be_tried_again():
    tab = Tab()
    tab.begin()
    tab.go_on()
    tab.asks(layer="block2")
    tab.shares = [0.0, 0.5]
    tab.begin()
    tab.during = lambda: setattr(tab.known, "fit_stopped", True)
    [last] = fit(tab.frame, tab.known)
    assert "stopped" in last[tab.message] and last[tab.retry].visible and not last[tab.stop].visible
    assert tab.known.shown["tab"][0].configuration.layer == "block1"


def test_stop_ends_also_what_is_long_without_telling_its_share(monkeypatch):
    tab = Tab(shares=[0.5])

    def download(shown):
        yield 0.0
        tab.known.fit_stopped = True
        check_wanted()
        pytest.fail("the download went on")

    tab.frame.explorer.prepare = download
    tab.begin()
    *_, last = fit(tab.frame, tab.known)
    assert "stopped" in last[tab.message] and last[tab.retry].visible


def test_a_fit_that_has_been_overtaken_ends_without_a_word():
    tab = Tab(shares=[0.0, 0.5])
    tab.begin()
    tab.during = lambda: tab.asks(layer="block2")
    assert list(fit(tab.frame, tab.known)) == [SKIPPED]


def test_a_fit_that_fails_empties_the_tab_and_says_why():
    tab = Tab(shares=[0.0])
    tab.begin()
    tab.during = lambda: refuse(UserError("constant features"))
    assert set([*fit(tab.frame, tab.known)][-1]) >= {tab.ask}
    update = tab.begin()
    assert update[tab.first] == "" and "constant features" in update[tab.message]
