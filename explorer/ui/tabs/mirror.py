"""The Mirror tab: the visitor's camera through a layer, drawn on the visitor's own device.

It is the page without a server (`explorer.browser`) in a frame, and there only where that page was made.
"""

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from explorer import Explorer
from explorer.folders import SITE_TABLES, site_folder
from explorer.ui.texts import texts
from explorer.ui.views import Question, Step, Update, View

text = texts("mirror")
TITLE = text.title


def build(explorer: Explorer) -> View:
    """Fill the tab being built. Raises FileNotFoundError where the page without a server was not made."""
    offered = [
        {key: row[key] for key in ("architecture", "layer", "weights")}
        for row in json.loads((site_folder() / SITE_TABLES).read_text(encoding="utf-8"))["configurations"]
    ]
    asked = gr.HTML(text.waiting(), elem_id="mirror-asked")
    gr.HTML(text.frame(), elem_id="mirror-frame")

    def show(question: Question) -> Update:
        """Say which view the frame is to show; `static/page.js` hands it on."""
        wanted: dict[str, Any] = asdict(question.configuration)
        here = {key: wanted[key] for key in ("architecture", "layer", "weights")} in offered
        return {asked: text.asked(urlencode(wanted), None if here else question.configuration)}

    return View(
        [Step(show, [asked])],
        empty=lambda: {asked: text.waiting()},
        needs_photo=False,
        shows=lambda configuration: [],
    )
