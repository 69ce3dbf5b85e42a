"""Whether what is being done is still wanted: what takes long asks here on its way, and ends if it is not.

Whoever begins something long says with `wanted_while` what may end it; else everything is wanted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from explorer.errors import UserError

Check = Callable[[], None]
WAIT_SECONDS = 0.1
_checks: ContextVar[tuple[Check, ...]] = ContextVar("checks", default=())


class NotWanted(UserError):
    """Nobody waits any more for what was being done; the message says why."""


def check_wanted() -> None:
    """Raise NotWanted if what this thread is doing is not wanted any more."""
    for check in _checks.get():
        check()


@contextmanager
def wanted_while(check: Check) -> Iterator[None]:
    """Let `check`, which raises NotWanted to end it, be asked by what is done in the block."""
    token = _checks.set((*_checks.get(), check))
    try:
        yield
    finally:
        _checks.reset(token)


@contextmanager
def holding(lock: Lock) -> Iterator[None]:
    """Hold a lock in the block; to wait for it ends, too, when it is not wanted any more."""
    while not lock.acquire(timeout=WAIT_SECONDS):
        check_wanted()
    try:
        yield
    finally:
        lock.release()
