"""Runs a coroutine for a test."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def run(ask: Callable[[], Awaitable[T]]) -> T:
    """Return what it gives. In a thread: the loop that browser tests leave running would be in the way."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask())).result()
