"""Components that show pictures pixel by pixel: files, which they pass on as they are.

A picture of PIL's they would encode themselves, over a file that is there already and on its way to others.
"""

from typing import Any

import gradio as gr

SECOND_FROM = 15  # per cent of the width


def picture(elem_id: str, alt_text: str, zoom: bool = False) -> gr.Image:
    """Return a picture that is only shown, with buttons to save and enlarge it."""
    return gr.Image(
        format="png",
        show_label=False,
        container=False,
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id=elem_id,
        elem_classes=["picture", "zoomable"] if zoom else "picture",
        alt_text=alt_text,
    )


def gallery(elem_id: str, columns: int, zoom: bool = False, **options: Any) -> gr.Gallery:
    """Return a row of pictures that are only shown and can be chosen from."""
    return gr.Gallery(
        show_label=False,
        container=False,
        columns=columns,
        format="png",
        allow_preview=False,
        interactive=False,
        buttons=[],
        elem_id=elem_id,
        elem_classes=["picture", "strip", *(["zoomable"] if zoom else [])],
        **options,
    )


def pair(elem_id: str) -> gr.ImageSlider:
    """Return two pictures of one size on top of each other, with a divider; most is seen of the second."""
    return gr.ImageSlider(
        slider_position=SECOND_FROM,
        type="filepath",
        format="png",
        show_label=False,
        container=False,
        interactive=False,
        elem_id=elem_id,
        elem_classes="picture",
    )
