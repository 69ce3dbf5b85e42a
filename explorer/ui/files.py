"""The files of the page, in a cache that is cleaned as the app runs: those it shows and those it is sent."""

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gradio.processing_utils import hash_bytes
from gradio.utils import get_upload_folder
from PIL import Image

from explorer.atomic_write import whole_file
from explorer.errors import UserError
from explorer.photos.loading import load_photo
from explorer.pictures.exports import png
from explorer.ui.texts import texts

COPIED_AS = {".heic": "JPEG", ".heif": "JPEG", ".tif": "PNG", ".tiff": "PNG"}


def offered_file(name: str, data: bytes) -> str:
    """Return the path of a file with this name and content; what is there already is not written again."""
    path = Path(get_upload_folder()) / hash_bytes(data) / name
    with suppress(FileNotFoundError):
        os.utime(path)  # the cache is cleaned by age
        return str(path)
    with whole_file(path) as part:
        part.write_bytes(data)
    return str(path)


def uploaded_file(sent: Mapping[str, Any] | Any) -> str:
    """Return the path of a file that the page says a visitor uploaded. Raises UserError for any other path.

    Gradio itself checks only what is marked as a file, and takes the image of an event without its mark.
    """
    path = str(sent.get("path") or "") if isinstance(sent, Mapping) else ""
    if not path or not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise UserError(texts("common").not_uploaded)
    return path


def shown_file(path: str) -> str:
    """Return the path of a photo that browsers show: `path`, or a copy where they do not know its format.

    Raises UserError when the file holds no photo.
    """
    copied = COPIED_AS.get(Path(path).suffix.lower())
    if not copied:
        return path
    data = io.BytesIO()
    load_photo(path).save(data, copied, quality=95)
    return offered_file(f"{Path(path).stem}.{copied.lower()}", data.getvalue())


def offered_picture(picture: Image.Image) -> str:
    """Return the path of a picture as a PNG file."""
    return offered_file("image.png", png(picture))
