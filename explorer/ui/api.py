"""The API: the same things the page shows, by name, for gradio_client and HTTP."""

import inspect
from typing import Any, get_type_hints

import gradio as gr
from gradio import FileData
from gradio_client.utils import is_file_obj_with_meta
from PIL import Image

from explorer import Explorer, UserError
from explorer.ui.calls import answer, checked, exchanged, exchanged_hint
from explorer.ui.endpoints import Endpoint, Sent, endpoints
from explorer.ui.files import offered_picture, uploaded_file
from explorer.ui.reception import Reception, asked_by

HINTS = {Sent: FileData, Image.Image: FileData}


def add_api(explorer: Explorer, reception: Reception) -> None:
    """Add the named endpoints to the Blocks being built."""
    for endpoint in endpoints(explorer):
        gr.api(_served(explorer, reception, endpoint), api_name=endpoint.name, concurrency_limit=None)


def _served(explorer: Explorer, reception: Reception, endpoint: Endpoint) -> Any:
    signature = inspect.signature(endpoint.function)

    async def call(*given: Any) -> Any:
        key = asked_by()
        arguments = checked(endpoint, dict(zip(signature.parameters, given, strict=True)), _path)
        found = await answer(reception, explorer, endpoint, arguments, key)
        return exchanged(found, _file)

    hints = {name: exchanged_hint(hint, HINTS) for name, hint in get_type_hints(endpoint.function).items()}
    parameters = [x.replace(annotation=hints[name]) for name, x in signature.parameters.items()]
    call.__name__, call.__doc__, call.__annotations__ = endpoint.name, endpoint.function.__doc__, hints
    call.__signature__ = inspect.Signature(parameters, return_annotation=hints["return"])
    return call


def _path(photo: Any) -> str:
    """Return the path of an uploaded file; a path that was merely named must not be read from the server."""
    if not is_file_obj_with_meta(photo) or not photo.get("path"):
        raise UserError("No photo was given: pass a file, with gradio_client as handle_file(path).")
    return uploaded_file(photo)


def _file(picture: Image.Image) -> FileData:
    return FileData(path=offered_picture(picture), mime_type="image/png")
