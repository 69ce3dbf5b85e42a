import asyncio
import copy
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import gradio.utils
import pytest
from gradio.state_holder import SessionState

from explorer.ui.repairs import Page, repair


def awaited(coroutine):
    """Return a coroutine's result; the browser tests leave a loop running in the main thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@pytest.fixture
def small():
    """A page with one event, and what the event may change."""
    with Page() as page:
        parts = {"text": gr.Textbox(), "box": gr.Checkbox(), "kept": gr.State(0), "button": gr.Button()}
        page.load(lambda: None, None, list(parts.values()))
    return page, parts


@pytest.mark.parametrize(
    ("update", "made_anew"),
    [
        ({"text": "new", "kept": 3}, []),
        ({"box": {"value": True, "visible": False, "__type__": "update"}}, ["box"]),
        ({"button": {"interactive": False, "__type__": "update"}, "text": None}, ["button"]),
    ],
)
def test_an_update_is_sent_as_gradio_would_and_only_what_it_names_is_made(
    small, update, made_anew, monkeypatch
):
    page, parts = small
    [event] = page.fns.values()
    made = []
    monkeypatch.setattr(SessionState, "_update_config", lambda state, number: made.append(number))

    def sent(by):
        return awaited(
            by.postprocess_data(page, event, {parts[k]: copy.copy(v) for k, v in update.items()}, None)
        )

    ours = sent(Page)
    assert made == [parts[name]._id for name in made_anew]
    assert ours == sent(gr.Blocks)


def test_an_update_of_what_is_no_output_is_a_mistake(small):
    page, _ = small
    [event] = page.fns.values()
    with pytest.raises(ValueError, match="no output"):
        awaited(page.postprocess_data(event, {gr.Textbox(): "new"}, None))


@pytest.mark.parametrize("later", ["text", {"__type__": "update"}, {"value": "new"}, [1], None])
def test_an_update_that_waits_is_not_changed_by_the_one_after_it(later):
    repair()
    waiting = {"value": {"path": "chart.png"}, "__type__": "update"}
    before = copy.deepcopy(waiting)
    edits = gradio.utils.diff(waiting, later)
    assert edits == [["replace", [], later]]  # the page makes any other edit in the object that waits
    assert waiting == before
    assert gradio.utils.diff(waiting, before) == []
