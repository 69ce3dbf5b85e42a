"""The app's page: one tab a file, the API, and how they look. Nothing here computes anything."""

import json
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.folders import EXAMPLES, has_site
from explorer.limits import allowed, limit
from explorer.ui.api import add_api
from explorer.ui.controls import Controls
from explorer.ui.reception import Page, Reception
from explorer.ui.static_files import script, style_sheets
from explorer.ui.tabs import compare, depth, ensemble, explore, learn, mirror, recover, results, surgery
from explorer.ui.texts import texts
from explorer.ui.wiring import wire

text = texts("page")
TABS = {
    "explore": explore,
    "depth": depth,
    "compare": compare,
    "surgery": surgery,
    "ensemble": ensemble,
    "recover": recover,
    "mirror": mirror,
    "results": results,
    "learn": learn,
}
FONT = [
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Helvetica",
    "Arial",
    "sans-serif",
]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
MAX_AT_ONCE, MAX_WAITING = 200, 64  # events in Gradio's hands: they wait at the desks


def tabs_here() -> dict[str, Any]:
    """Return the TABS that this server can show: the mirror needs the page without a server."""
    return {name: module for name, module in TABS.items() if name != "mirror" or has_site()}


def build(explorer: Explorer, reception: Reception) -> gr.Blocks:
    """Return the page, wired to `explorer`, with the API if it is allowed; `explorer.ui.server` serves it."""
    with Page(title=text.title, fill_width=True) as page:
        gr.HTML(text.header(), elem_id="header")
        with gr.Row(elem_id="app", equal_height=False):
            with gr.Column(elem_id="controls"):
                controls = Controls(explorer.catalogue(), explorer.results())
            views = {}
            with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
                for name, module in tabs_here().items():
                    with gr.Tab(module.TITLE, id=name, elem_id=f"tab-{name}"):
                        views[name] = module.build(explorer)
            gr.HTML(text.share(), elem_id="share")
        gr.HTML(text.cite(), elem_id="cite")
        wire(page, explorer, controls, tabs, views)
        reception.seat(page)
        if allowed("api"):
            add_api(explorer, reception)
    return page.queue(max_size=MAX_WAITING, api_open=False)


def scripts() -> str:
    """Return the page's scripts, after the sentences that they say."""
    return (
        f"const TEXTS = {json.dumps(text.script)};\n{script('exhibit')}{script('page')}{script('pictures')}"
    )


def launch_options() -> dict[str, Any]:
    """Return how the page is served: look, limits, and nothing that calls another machine."""
    return {
        "max_threads": MAX_AT_ONCE,
        "theme": theme(),
        "css_paths": style_sheets(),
        "head": f"<script>{scripts()}</script>",
        "footer_links": ["api"] if allowed("api") else [],
        "allowed_paths": [str(EXAMPLES)],
        "max_file_size": f"{limit('upload_mb')}mb",
        "ssr_mode": False,
        "quiet": True,
        "_frontend": False,  # else Gradio gives up where it cannot reach itself within three seconds
        "pwa": False,
        "mcp_server": False,  # explorer.ui.assistants is one
        "run_history": False,
        "enable_monitoring": False,
    }


def theme() -> gr.themes.Base:
    """Return a quiet theme with one accent colour and the fonts of the visitor's own system."""
    return gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="stone",
        font=FONT,
        font_mono=MONO,
        radius_size="sm",
        spacing_size="sm",
        text_size="sm",
    ).set(
        body_background_fill="#fbfaf8",
        body_background_fill_dark="#161513",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1f1d1b",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="#ffffff",
        block_label_background_fill_dark="#1f1d1b",
        button_primary_background_fill="#0f766e",  # white letters need it darker than the accent
        button_primary_background_fill_dark="#0f766e",
        button_primary_background_fill_hover="#115e59",
        button_primary_background_fill_hover_dark="#115e59",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
    )
