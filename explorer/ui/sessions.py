"""What Gradio keeps of every page and call, without what only its deep links need, which are not on offer."""

from types import SimpleNamespace

import gradio as gr
from gradio.state_holder import SessionState, StateHolder


class Sessions(StateHolder):
    """Gradio's sessions, light ones.

    Gradio notes the configuration of every component in each: 40 ms, in which nobody is answered, and 0.6 MB.
    """

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            noting_nothing = SimpleNamespace(default_config=self.blocks.default_config, blocks={})
            self.session_data[session_id] = SessionState(noting_nothing)
        return super().__getitem__(session_id)


def seat_sessions(page: gr.Blocks) -> None:
    """Let a page that is served have light sessions."""
    page.app.state_holder = Sessions()
    page.app.state_holder.set_blocks(page)
