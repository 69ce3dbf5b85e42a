"""Who listens is known, and whether a client has left."""

import asyncio

import pytest

from explorer.serving.listeners import GRACE_SECONDS, ListenerMiddleware, Listeners, stream_key
from tests.coroutines import run


def test_somebody_listens_while_a_stream_is_open(monkeypatch):
    listeners, now = Listeners(patience=5), [0.0]
    monkeypatch.setattr("explorer.serving.listeners.time.monotonic", lambda: now[0])
    assert not listeners.hears("key")
    listeners.begin("key")
    listeners.begin("key")
    listeners.end("key", left=True)
    now[0] += 60
    assert listeners.hears("key") and len(listeners) == 1


@pytest.mark.parametrize(("left", "seconds"), [(True, GRACE_SECONDS), (False, 5)])
def test_a_client_that_left_is_given_up_sooner_than_one_whose_stream_was_ended(left, seconds, monkeypatch):
    listeners, now = Listeners(patience=5), [0.0]
    monkeypatch.setattr("explorer.serving.listeners.time.monotonic", lambda: now[0])
    listeners.begin("key")
    listeners.end("key", left)
    now[0] = seconds - 0.01
    assert listeners.hears("key")
    now[0] = seconds
    assert not listeners.hears("key")


def test_a_listener_may_come_a_little_later_than_what_is_asked():
    async def ask() -> tuple[bool, bool]:
        listeners = Listeners(patience=20)
        waiting = asyncio.create_task(listeners.heard("key"))
        await asyncio.sleep(0.1)
        listeners.begin("key")
        listeners.patience = 0.1
        return await waiting, await listeners.heard("nobody")

    assert run(ask) == (True, False)


@pytest.mark.parametrize(("messages", "left"), [(["http.request"], False), (["http.disconnect"], True)])
def test_the_stream_tells_whether_its_client_has_left(messages, left):
    class Noting(Listeners):
        def end(self, key: str, left: bool) -> None:
            ends.append((key, left, len(self)))
            super().end(key, left)

    async def stream(scope, receive, send):
        await receive()

    async def ask() -> None:
        async def receive():
            return {"type": messages[0]}

        app = ListenerMiddleware(stream, Noting(5), lambda scope: "key")
        await app({"type": "http"}, receive, None)

    ends = []
    run(ask)
    assert ends == [("key", left, 1)]


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
