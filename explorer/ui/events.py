"""How the events of the page run: at which desk, what of them is checked, and what is said of a fault."""

import logging
from typing import Any

from explorer.errors import UserError, disk_is_full
from explorer.serving import faults
from explorer.ui.texts import texts

log = logging.getLogger(__name__)
# Gradio's own queue holds nothing back: how many run at once is for the desk to say (explorer.ui.reception).
HEAVY: dict[str, Any] = {"concurrency_id": "answers", "concurrency_limit": None}
FITS: dict[str, Any] = {"concurrency_id": "fits", "concurrency_limit": None}
# preprocess=False: Gradio would open and convert the photo itself, and refuse a selector's value that a quick
# second change has overtaken; load_photo and settle do better. Files are still checked to be uploads.
PRIVATE: dict[str, Any] = {"preprocess": False, "api_visibility": "private"}
PAGE_EVENT = PRIVATE | HEAVY
# "multiple": Gradio would drop a click while the one before it is still on its way.
QUICK = PRIVATE | {"queue": False, "show_progress": "hidden", "trigger_mode": "multiple"}
LATEST = QUICK | {"trigger_mode": "always_last"}  # of a control: only where it stands in the end matters


def wanted(elem_id: str) -> dict[str, Any]:
    """Return how an event of a script's element runs: its input is what the script has put into data-wanted.

    Not what comes with the event: of one that had to wait Gradio sends what came with the one before.
    """
    return LATEST | {"js": f"() => [document.getElementById('{elem_id}').dataset.wanted]"}


def unexpected(what: str) -> str:
    """Log the exception being handled; return what a visitor is told of it."""
    log.exception("%s failed", what)
    return texts("common").fault


def sentence(error: Exception, what: str) -> str:
    """Return what a visitor is told of an exception being handled; a fault of the app's is logged."""
    if isinstance(error, UserError):
        return str(error)
    if disk_is_full(error):
        log.error("the disk is full")
        return faults.DISK_FULL
    return unexpected(what)
