"""Files that the page shows or offers for download, in Gradio's cache, which is cleaned as the app runs."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from gradio.processing_utils import encode_pil_to_bytes, hash_bytes
from gradio.utils import get_upload_folder
from PIL import Image


def offered_file(name: str, data: bytes) -> str:
    """Return the path of a file with this name and content.

    A class of thirty asks for the same pictures at once, so one that is there already is never written again:
    Gradio's own writer would cut it short under those who are being sent it.
    """
    path = Path(get_upload_folder()) / hash_bytes(data) / name
    with suppress(FileNotFoundError):
        os.utime(path)  # the cache is cleaned by age
        return str(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return str(path)


def picture_file(picture: Image.Image) -> str:
    """Return the path of a picture as a PNG."""
    return offered_file("image.png", encode_pil_to_bytes(picture, "png"))
