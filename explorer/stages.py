"""How long the stages of what is being done take, told to whoever asked for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tell = Callable[[str, float], None]  # a stage's name, and its seconds
_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the seconds of the block as those of a stage."""
    started = time.perf_counter()
    try:
        yield
    finally:
        if tell := _tell.get():
            tell(name, time.perf_counter() - started)


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """Let `tell` hear of the stages that the block goes through."""
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)
