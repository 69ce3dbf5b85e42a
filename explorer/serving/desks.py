"""Desks: where one kind of work is done, by so many at once, for so many who wait, in so many seconds.

Each desk has threads of its own. What PyTorch keeps per thread stays bounded, and what may take long runs at
a lower priority beside the answers that somebody looks at.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from copy import copy
from functools import partial
from typing import TypeVar

from explorer.errors import UserError
from explorer.limits import limit
from explorer.serving.metrics import Metrics
from explorer.stages import telling
from explorer.wanted import NotWanted, check_wanted, wanted_while

T = TypeVar("T")


class Busy(UserError):
    """All places of a desk are taken."""


class Errand:
    """Something to be done for somebody who listens, before its time is up."""

    def __init__(self, name: str, listening: Callable[[], bool], seconds: float):
        self.name = name
        self.came = time.monotonic()
        self.began: float | None = None
        self.given_up = False
        self._listening = listening
        self._seconds = seconds

    @property
    def seconds_left(self) -> float:
        return self.came + self._seconds - time.monotonic()

    def too_long(self) -> NotWanted:
        return NotWanted(f"This took longer than the {self._seconds:.0f} s that this server gives it.")

    def check(self) -> None:
        """Raise NotWanted if nobody listens any more or the time is up."""
        if self.given_up or not self._listening():
            raise NotWanted("Nobody listens any more.")
        if self.seconds_left < 0:
            raise self.too_long()


class Desk:
    """One kind of work; see the module. `nice` work lets the other desks' go first."""

    def __init__(
        self, kind: str, title: str, at_once: int, waiting: int, seconds: int, nice: bool, metrics: Metrics
    ):
        self.kind = kind
        self.title = title
        self.places = at_once + waiting
        self.seconds = seconds
        self._metrics = metrics
        self._errands: set[Errand] = set()
        self._threads = ThreadPoolExecutor(at_once, kind, _be_nice, (limit("nice") if nice else 0,))

    @property
    def waiting(self) -> int:
        return sum(errand.began is None for errand in list(self._errands))

    @property
    def running(self) -> int:
        return len(self._errands) - self.waiting

    @property
    def full(self) -> bool:
        return len(self._errands) >= self.places

    async def run(self, name: str, work: Callable[[], T], listening: Callable[[], bool]) -> T:
        """Do work in a thread of the desk and return what it returns.

        `work` ends where it asks whether it is wanted (`explorer.wanted`): when nobody is `listening` any
        more, when the desk's seconds are up, its wait included, or when the caller is cancelled. Raises Busy
        when all places are taken, NotWanted, and what the work raises.
        """
        errand = Errand(name, listening, self.seconds)
        try:
            if self.full:
                told = f"{len(self._errands)} {self.title}"
                raise Busy(f"The server has too much to do ({told}): try again in a moment.")
            self._errands.add(errand)
            thread = self._threads.submit(copy_context().run, self._do, errand, work)
            done = await asyncio.wait_for(asyncio.wrap_future(thread), errand.seconds_left)
        except asyncio.CancelledError:
            self._metrics.done(self.kind, name, "not_wanted")
            raise
        except TimeoutError:
            self._metrics.done(self.kind, name, "too_long")
            raise errand.too_long() from None
        except Exception as error:
            self._metrics.done(self.kind, name, _outcome(error))
            raise
        finally:
            errand.given_up = True
            if errand.began is None:
                self._errands.discard(errand)
        self._metrics.done(self.kind, name, "done")
        return done

    async def stream(
        self, name: str, work: Callable[[], Iterator[T]], listening: Callable[[], bool]
    ) -> AsyncIterator[T]:
        """Do work as `run` does and yield what it yields: the latest, where it is faster than who listens."""
        loop, fresh, latest = asyncio.get_running_loop(), asyncio.Event(), []

        def offer(item: T) -> None:
            latest[:] = [item]
            fresh.set()

        def produce() -> None:
            with closing(work()) as items:
                for item in items:
                    loop.call_soon_threadsafe(offer, copy(item))  # work may go on to change it
                    check_wanted()

        producing = asyncio.ensure_future(self.run(name, produce, listening))
        producing.add_done_callback(lambda _: fresh.set())
        try:
            while True:
                await fresh.wait()
                fresh.clear()
                if latest:
                    yield latest.pop()
                elif producing.done():
                    await producing
                    return
                if producing.done():
                    fresh.set()
        finally:
            producing.cancel()
            with suppress(asyncio.CancelledError, Exception):  # told above, or to nobody
                await producing

    def close(self) -> None:
        """Give up what is being done and what waits."""
        for errand in list(self._errands):
            errand.given_up = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _do(self, errand: Errand, work: Callable[[], T]) -> T:
        errand.began = time.monotonic()
        self._errands.add(errand)
        try:
            with wanted_while(errand.check), telling(partial(self._metrics.took, errand.name)):
                errand.check()
                return work()
        finally:
            self._errands.discard(errand)
            ended = time.monotonic()
            self._metrics.took(errand.name, "waited", errand.began - errand.came)
            self._metrics.took(errand.name, "worked", ended - errand.began)


class Desks:
    """The server's desks, as many and as large as the limits say."""

    def __init__(self, metrics: Metrics):
        self.answers = _desk("answers", "answers are being made or awaited", False, metrics)
        self.fits = _desk("fits", "networks are being made ready or awaited", True, metrics)
        self.searches = _desk("searches", "searches are running or awaited", True, metrics)

    def close(self) -> None:
        for desk in self:
            desk.close()

    def __iter__(self) -> Iterator[Desk]:
        return iter((self.answers, self.fits, self.searches))


def _desk(kind: str, title: str, nice: bool, metrics: Metrics) -> Desk:
    numbers = limit(kind), limit(f"{kind}_waiting"), limit(f"{kind}_seconds")
    return Desk(kind, title, *numbers, nice, metrics)


def _outcome(error: Exception) -> str:
    if isinstance(error, Busy):
        return "busy"
    if isinstance(error, NotWanted):
        return "not_wanted"
    return "refused" if isinstance(error, UserError) else "fault"


def _be_nice(niceness: int) -> None:
    """Give this thread, and those that PyTorch starts for it, a lower priority, where Linux can."""
    if niceness and sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
