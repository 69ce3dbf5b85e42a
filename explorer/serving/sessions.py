"""What Gradio keeps of every page that is open, or was: held within a budget in bytes."""

from collections.abc import MutableMapping
from typing import Any

from explorer.kept import nbytes

PAGE_BYTES = 500_000  # that each has of the page's components at most, once all were used


def session_bytes(session: Any) -> int:
    """Return the bytes of one session: its components, and the values of its states."""
    return PAGE_BYTES + nbytes(dict(session.state_data))


def trim(sessions: MutableMapping[str, Any], budget: int) -> int:
    """Drop the sessions that were not used for longest until the others fit; return the bytes left.

    A page whose session is gone is asked for everything again with the next event.
    """
    sizes = {key: session_bytes(session) for key, session in list(sessions.items())}
    total = sum(sizes.values())
    for key in list(sizes)[:-1]:
        if total <= budget:
            break
        sessions.pop(key, None)
        total -= sizes[key]
    return total
