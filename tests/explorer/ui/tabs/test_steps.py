"""Every tab's answer, step by step: what it may change, and that pictures are handed over as files."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from explorer.configurations import Configuration
from explorer.ui.page import TABS, tabs_here
from explorer.ui.views import Question, View

ASKED = Configuration("vgg16", "block2", "linear", "mse")


def value(component: Any) -> Any:
    """What the page sends of a component as it was built; nothing of an empty one."""
    sent = component.value
    return {"path": sent["path"]} if isinstance(sent, dict) and "path" in sent else sent


def answer(view: View, question: Question) -> Iterator[tuple[list[Any], dict[Any, Any]]]:
    """Yield each step's outputs and update; states keep what they are set to."""
    states = {}
    for step in view.steps:
        memory = [states.get(part, value(part)) for part in step.memory]
        update = step.show(question, *question.values, *memory)
        states |= {part: sent for part, sent in update.items() if isinstance(part, gr.State)}
        yield step.outputs, update


def pictures(sent: Any) -> list[Image.Image]:
    """The PIL pictures anywhere in what is sent to a component of the page."""
    if isinstance(sent, dict):
        return [found for part in sent.values() for found in pictures(part)]
    if isinstance(sent, list | tuple):
        return [found for part in sent for found in pictures(part)]
    if isinstance(sent, gr.blocks.Block):
        return pictures(sent.constructor_args)
    return [sent] if isinstance(sent, Image.Image) else []


@pytest.mark.parametrize("tab", tabs_here())
def test_a_step_changes_its_own_outputs_and_hands_over_no_picture_but_files(tab, explorer, cat):
    with gr.Blocks(), gr.Tabs(), gr.Tab():
        view = TABS[tab].build(explorer)
    question = Question(tab, explorer.photo(cat), ASKED, values=tuple(map(value, view.inputs)))
    changed = set()
    for outputs, update in answer(view, question):
        assert set(update) <= set(outputs)
        assert pictures([sent for part, sent in update.items() if not isinstance(part, gr.State)]) == []
        changed |= set(update)
    assert changed
    assert set(view.empty()) <= {part for step in view.steps for part in step.outputs}
