"""Components that show pictures pixel by pixel."""

from typing import Any, TypeVar

import gradio as gr
from PIL import Image

from explorer.ui.files import picture_file

Shown = TypeVar("Shown", bound=gr.components.Component)


def in_files(value: Any) -> Any:
    """Return a component's value with the path of a PNG for every picture in it."""
    if isinstance(value, Image.Image):
        return picture_file(value)
    if isinstance(value, list | tuple):
        return type(value)(in_files(part) for part in value)
    return value


def whole(component: Shown) -> Shown:
    """Let a component write the pictures it shows whole or not at all.

    A subclass would do as well, but Gradio writes a stub file beside the source of each.
    """
    given = component.postprocess
    component.postprocess = lambda value: given(in_files(value))
    return component


def picture(elem_id: str, alt_text: str, zoom: bool = False) -> gr.Image:
    """Return a picture that is only shown, with buttons to save and enlarge it."""
    shown = gr.Image(
        format="png",
        show_label=False,
        container=False,
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id=elem_id,
        elem_classes=["picture", "zoomable"] if zoom else "picture",
        alt_text=alt_text,
    )
    return whole(shown)


def gallery(elem_id: str, columns: int, zoom: bool = False, **options: Any) -> gr.Gallery:
    """Return a row of pictures that are only shown and can be chosen from."""
    shown = gr.Gallery(
        show_label=False,
        container=False,
        columns=columns,
        format="png",
        allow_preview=False,
        interactive=False,
        buttons=[],
        elem_id=elem_id,
        elem_classes=["picture", "zoomable"] if zoom else "picture",
        **options,
    )
    return whole(shown)


def pair(elem_id: str) -> gr.ImageSlider:
    """Return two pictures of one size on top of each other, with a divider."""
    shown = gr.ImageSlider(
        type="filepath",
        format="png",
        show_label=False,
        container=False,
        interactive=False,
        elem_id=elem_id,
        elem_classes="picture",
    )
    return whole(shown)
