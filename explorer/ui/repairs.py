"""Faults of Gradio that a page of many components, pictures and visitors meets, repaired."""

from copy import copy
from typing import Any

import gradio as gr
import gradio.utils


class Page(gr.Blocks):
    """Blocks whose updates cost what they change.

    Gradio makes every output of an event anew whether an update names it or not: more than a hundred here, a
    tenth of a second of its only thread for each update of each visitor.
    """

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """Return what is sent to the page for each output; those that no update names are left out."""
        of_components = isinstance(predictions, dict) and {
            isinstance(k, gr.blocks.Block) for k in predictions
        }
        if of_components != {True}:
            return await super().postprocess_data(block_fn, predictions, state)
        sent = {block._id: None if block.stateful else gr.skip() for block in block_fn.outputs}
        for block, update in predictions.items():
            if block._id not in sent:
                raise ValueError(f"{block} is no output of this event")
            one = copy(block_fn)
            one.outputs = [block]
            [sent[block._id]] = await super().postprocess_data(one, update, state)
        return [sent[block._id] for block in block_fn.outputs]


def repair() -> None:
    """Replace what is at fault in Gradio, for the whole process; to do it again changes nothing."""
    gradio.utils.diff = whole_value


def whole_value(before: Any, now: Any) -> list[Any]:
    """Return the edits that make an output's value of the one before: none, or all of it anew.

    Gradio would name the parts that differ, and its page changes them in place: of two updates that come
    faster than a busy browser shows them, the earlier would have become the later, and what only the
    earlier one sets would never be shown.
    """
    return [] if before == now else [["replace", [], now]]
