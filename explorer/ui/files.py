"""Files that the page offers for download."""

from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder


def offered_file(name: str, data: bytes) -> str:
    """Return the path of a file with this name in Gradio's cache, which is cleaned as the app runs."""
    return save_bytes_to_cache(data, name, get_upload_folder())
