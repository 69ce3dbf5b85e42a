"""How the events of the page run: in which queue, what of them is checked, and what is said of a fault."""

import logging
from typing import Any

from explorer.ui.texts import texts

log = logging.getLogger(__name__)
HEAVY: dict[str, Any] = {"concurrency_id": "heavy", "concurrency_limit": 2}
# preprocess=False: Gradio would open and convert the photo itself, and refuse a selector's value that a quick
# second change has overtaken; load_photo and settle do better. Files are still checked to be uploads.
PRIVATE: dict[str, Any] = {"preprocess": False, "api_visibility": "private"}
PAGE_EVENT = PRIVATE | HEAVY
QUICK = PRIVATE | {"queue": False, "show_progress": "hidden"}


def unexpected(tab: str) -> str:
    """Log the exception being handled; return what a visitor is told of it."""
    log.exception("the tab %s failed", tab)
    return texts("common").fault
