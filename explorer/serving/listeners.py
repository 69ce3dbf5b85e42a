"""Who listens for what: a request that streams events is an ear, and nothing is done for one that is gone."""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRACE_SECONDS = 0.5  # between what a client listens for and its next stream
POLL_SECONDS = 0.05
REMEMBERED = 10_000  # of those that are over
STREAMS = ("/gradio_api/call/", "/gradio_api/queue/data")
ASSISTANTS = "/gradio_api/mcp"


class Listeners:
    """The streams by key: a page's session, the id of an event, or that of an assistant's request.

    A stream that the server has ended is expected again for `patience` seconds, as a page goes on listening;
    a client that has left is not.
    """

    def __init__(self, patience: float):
        self.patience = patience
        self._open: Counter[str] = Counter()
        self._until: OrderedDict[str, float] = OrderedDict()  # when those that are over are given up

    def begin(self, key: str) -> None:
        """Count a stream as open."""
        self._open[key] += 1

    def end(self, key: str, left: bool) -> None:
        """Count a stream as over; `left` says that the client ended it."""
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]
        self._until[key] = time.monotonic() + (GRACE_SECONDS if left else self.patience)
        self._until.move_to_end(key)
        while len(self._until) > REMEMBERED:
            self._until.popitem(last=False)

    def hears(self, key: str) -> bool:
        """Return whether somebody listens, or is expected to."""
        return key in self._open or time.monotonic() < self._until.get(key, -math.inf)

    async def heard(self, key: str) -> bool:
        """Wait until somebody listens, and return whether it came to that before the patience ended."""
        until = time.monotonic() + self.patience
        while key not in self._open:
            if time.monotonic() > until:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def __len__(self) -> int:
        return sum(self._open.values())


class ListenerMiddleware:
    """Notes which streams are open. `key_of(scope)` is what a request listens for, None for nothing."""

    def __init__(self, app: ASGIApp, listeners: Listeners, key_of: Callable[[Scope], str | None]):
        self.app = app
        self.listeners = listeners
        self.key_of = key_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self.key_of(scope) if scope["type"] == "http" else None
        if key is None:
            await self.app(scope, receive, send)
            return
        left = False

        async def noted() -> Message:
            nonlocal left
            message = await receive()
            left = left or message["type"] == "http.disconnect"
            return message

        self.listeners.begin(key)
        try:
            await self.app(scope, noted, send)
        finally:
            self.listeners.end(key, left)


def stream_key(scope: Scope) -> str | None:
    """Return what a request to Gradio or to the tools for assistants listens for."""
    path: str = scope["path"]
    if path.startswith(ASSISTANTS):
        return scope["state"]["request_id"]
    if scope["method"] != "GET" or not path.startswith(STREAMS):
        return None
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash")
    return asked[0] if asked else path.rpartition("/")[2]
