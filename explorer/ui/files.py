"""Files that the page shows or offers for download, in Gradio's cache, which is cleaned as the app runs."""

import os
from contextlib import suppress
from pathlib import Path

from gradio.processing_utils import hash_bytes
from gradio.utils import get_upload_folder
from PIL import Image

from explorer.atomic_write import whole_file
from explorer.pictures.exports import png


def offered_file(name: str, data: bytes) -> str:
    """Return the path of a file with this name and content; what is there already is not written again."""
    path = Path(get_upload_folder()) / hash_bytes(data) / name
    with suppress(FileNotFoundError):
        os.utime(path)  # the cache is cleaned by age
        return str(path)
    with whole_file(path) as part:
        part.write_bytes(data)
    return str(path)


def offered_picture(picture: Image.Image) -> str:
    """Return the path of a picture as a PNG file."""
    return offered_file("image.png", png(picture))
