"""Who listens for what: a request that streams events is an ear, and nothing is done for one that is gone."""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

GRACE_SECONDS = 1.0  # a page that goes on listening is away for a moment
POLL_SECONDS = 0.05
REMEMBERED = 10_000  # of those that are gone
STREAMS = ("/gradio_api/call/", "/gradio_api/queue/data")
ASSISTANTS = "/gradio_api/mcp"


class Listeners:
    """The open streams by key: a page's session, the id of an event, or that of an assistant's request."""

    def __init__(self):
        self._open: Counter[str] = Counter()
        self._gone: OrderedDict[str, float] = OrderedDict()  # key -> when the last stream ended

    @contextmanager
    def listening(self, key: str) -> Iterator[None]:
        """Count a stream as open in the block."""
        self._open[key] += 1
        try:
            yield
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]
            self._gone[key] = time.monotonic()
            self._gone.move_to_end(key)
            while len(self._gone) > REMEMBERED:
                self._gone.popitem(last=False)

    def hears(self, key: str) -> bool:
        """Return whether somebody listens, or did a moment ago."""
        return key in self._open or time.monotonic() - self._gone.get(key, -GRACE_SECONDS) < GRACE_SECONDS

    async def heard(self, key: str, seconds: float) -> bool:
        """Wait until somebody listens, and return whether it came to that within the seconds."""
        until = time.monotonic() + seconds
        while not self.hears(key):
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
        with self.listeners.listening(key):
            await self.app(scope, receive, send)


def stream_key(scope: Scope) -> str | None:
    """Return what a request to Gradio or to the tools for assistants listens for."""
    path: str = scope["path"]
    if path.startswith(ASSISTANTS):
        return scope["state"]["request_id"]
    if scope["method"] != "GET" or not path.startswith(STREAMS):
        return None
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash")
    return asked[0] if asked else path.rpartition("/")[2]
