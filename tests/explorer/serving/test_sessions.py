"""What is kept of pages stays within its budget."""

from collections import OrderedDict
from types import SimpleNamespace

from explorer.serving.sessions import PAGE_BYTES, trim


def test_the_pages_that_were_not_used_for_longest_go_first():
    states = {"old": 1, "large": 3_000_000, "new": 1}
    sessions = OrderedDict(
        (name, SimpleNamespace(state_data={0: bytes(size)})) for name, size in states.items()
    )
    assert trim(sessions, 10_000_000) == 3_000_002 + 3 * PAGE_BYTES
    assert list(sessions) == ["old", "large", "new"]
    trim(sessions, 3_000_002 + 2 * PAGE_BYTES)
    assert list(sessions) == ["large", "new"]
    trim(sessions, 1)
    assert list(sessions) == ["new"]
