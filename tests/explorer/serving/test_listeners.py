"""Who listens is known while the stream is open, and a moment longer."""

import asyncio
import time

import pytest

from explorer.serving.listeners import GRACE_SECONDS, Listeners, stream_key
from tests.coroutines import run


def test_somebody_listens_while_a_stream_is_open_and_a_moment_longer(monkeypatch):
    listeners = Listeners()
    assert not listeners.hears("key")
    with listeners.listening("key"), listeners.listening("key"):
        assert listeners.hears("key") and len(listeners) == 2
    assert listeners.hears("key")
    later = time.monotonic() + GRACE_SECONDS
    monkeypatch.setattr("explorer.serving.listeners.time.monotonic", lambda: later)
    assert not listeners.hears("key")


def test_a_listener_may_come_a_little_later_than_what_is_asked():
    async def ask() -> tuple[bool, bool]:
        listeners = Listeners()
        waiting = asyncio.create_task(listeners.heard("key", 20))
        await asyncio.sleep(0.1)
        with listeners.listening("key"):
            return await waiting, await listeners.heard("nobody", 0.1)

    assert run(ask) == (True, False)


@pytest.mark.parametrize(
    ("method", "path", "query", "key"),
    [
        ("GET", "/gradio_api/queue/data", b"session_hash=abc", "abc"),
        ("GET", "/gradio_api/call/reconstruct/e1", b"", "e1"),
        ("GET", "/gradio_api/call/v2/reconstruct/e1", b"", "e1"),
        ("POST", "/gradio_api/call/reconstruct", b"", None),
        ("POST", "/gradio_api/mcp/", b"", "r1"),
        ("GET", "/", b"", None),
    ],
)
def test_a_stream_is_known_by_the_session_the_event_or_the_request(method, path, query, key):
    scope = {"method": method, "path": path, "query_string": query, "state": {"request_id": "r1"}}
    assert stream_key(scope) == key
