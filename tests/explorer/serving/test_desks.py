"""Desks: so many at once, so many waiting, each so long, and only while somebody listens."""

import asyncio
import os
import sys
import threading
import time
from functools import partial
from threading import Event

import pytest

from explorer.limits import limit
from explorer.serving.desks import Busy, Desk
from explorer.serving.metrics import Metrics
from explorer.wanted import NotWanted, check_wanted
from tests.coroutines import run

SECONDS = 20


def desk(at_once: int = 1, waiting: int = 1, seconds: int = SECONDS) -> Desk:
    return Desk("answers", "answers are being made or awaited", at_once, waiting, seconds, True, Metrics())


def always() -> bool:
    return True


def until_not_wanted(began: Event, ended: Event) -> None:
    began.set()
    try:
        while True:
            check_wanted()
            time.sleep(0.01)
    finally:
        ended.set()


def test_work_gives_what_it_returns_or_raises():
    async def ask() -> str:
        place = desk()
        with pytest.raises(ZeroDivisionError):
            await place.run("name", lambda: 1 / 0, always)
        assert (place.running, place.waiting) == (0, 0)
        return await place.run("name", lambda: "done", always)

    assert run(ask) == "done"


def test_a_full_desk_says_so_and_the_next_one_may_come_when_a_place_is_free():
    async def ask() -> None:
        place, enough = desk(), Event()
        work = partial(place.run, "name", lambda: enough.wait(SECONDS), always)
        running = [asyncio.create_task(work()) for _ in range(2)]
        while place.running + place.waiting < 2:
            await asyncio.sleep(0.01)
        assert place.full
        with pytest.raises(Busy, match="too much to do"):
            await place.run("name", lambda: "done", always)
        enough.set()
        await asyncio.gather(*running)
        assert await place.run("name", lambda: "done", always) == "done"

    run(ask)


def test_work_ends_when_nobody_listens_any_more():
    async def ask() -> None:
        began, ended, listening = Event(), Event(), [True]
        running = asyncio.create_task(
            desk().run("name", lambda: until_not_wanted(began, ended), lambda: listening[0])
        )
        await asyncio.to_thread(began.wait, SECONDS)
        listening[0] = False
        with pytest.raises(NotWanted):
            await running
        assert ended.is_set()

    run(ask)


def test_work_ends_when_its_time_is_up_and_a_sentence_says_so():
    async def ask() -> None:
        began, ended = Event(), Event()
        with pytest.raises(NotWanted, match="longer than the 1 s"):
            await desk(seconds=1).run("name", lambda: until_not_wanted(began, ended), always)
        assert await asyncio.to_thread(ended.wait, SECONDS)

    run(ask)


def test_work_whose_asker_is_cancelled_ends_and_what_waits_is_never_begun():
    async def ask() -> None:
        place, began, ended, never = desk(), Event(), Event(), []
        running = asyncio.create_task(place.run("name", lambda: until_not_wanted(began, ended), always))
        await asyncio.to_thread(began.wait, SECONDS)
        waiting = asyncio.create_task(place.run("name", lambda: never.append(1), always))
        await asyncio.sleep(0.05)
        waiting.cancel()
        running.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        assert await asyncio.to_thread(ended.wait, SECONDS)
        assert await place.run("name", lambda: "done", always) == "done"
        assert not never

    run(ask)


def test_a_stream_gives_the_latest_and_always_the_last():
    def count():
        for number in range(1000):
            yield {"number": number}

    async def ask() -> list[int]:
        return [found["number"] async for found in desk().stream("name", count, always)]

    numbers = run(ask)
    assert numbers == sorted(numbers) and numbers[-1] == 999


def test_a_stream_that_nobody_reads_on_is_closed():
    async def ask() -> None:
        closed = Event()

        def forever():
            try:
                while True:
                    yield 1
                    time.sleep(0.01)
            finally:
                closed.set()

        stream = desk().stream("name", forever, always)
        assert await anext(stream) == 1
        await stream.aclose()
        assert await asyncio.to_thread(closed.wait, SECONDS)

    run(ask)


def test_what_a_stream_raises_comes_after_what_it_gave():
    def fail():
        yield "before"
        raise ZeroDivisionError

    async def ask() -> list[str]:
        found = []
        with pytest.raises(ZeroDivisionError):
            async for item in desk().stream("name", fail, always):
                found.append(item)
        return found

    assert run(ask) == ["before"]


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux")
def test_what_may_take_long_runs_at_a_lower_priority():
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert run(lambda: desk().run("name", priority, always)) >= min(19, priority() + limit("nice"))
