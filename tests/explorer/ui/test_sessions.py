"""Sessions are light, and hold what they should."""

from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from explorer.ui.sessions import seat_sessions


@pytest.fixture
def page():
    with gr.Blocks() as page:
        gr.State(1)
        gr.Textbox("first")
    page.app = SimpleNamespace()
    seat_sessions(page)
    return page


def test_a_session_does_not_note_the_whole_page_as_gradios_own_does(page):
    assert SessionState(page).config_values, "Gradio's own is light, too: take ours away"
    assert page.app.state_holder["visitor"].config_values == {}


def test_every_visitor_has_values_of_their_own_and_the_same_components(page):
    state, textbox = (
        next(block for block in page.blocks.values() if isinstance(block, kind))
        for kind in (gr.State, gr.Textbox)
    )
    holder = page.app.state_holder
    holder["a"][state._id] = 5
    assert (holder["a"][state._id], holder["b"][state._id]) == (5, 1)
    assert holder["a"][textbox._id] is textbox
    holder["a"][textbox._id] = gr.Textbox("second", render=False)
    assert holder["b"][textbox._id] is textbox
    assert list(holder.session_data) == ["a", "b"]
