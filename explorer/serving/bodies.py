"""How much a request may send: counted as it arrives, before anything parses it."""

import re
from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.limits import limit

UPLOAD, ASSISTANTS = "/gradio_api/upload", "/gradio_api/mcp"
BOUNDARY = re.compile(rb'boundary="?([^";,]+)', re.IGNORECASE)


def body_bytes(path: str) -> int:
    """Return how many bytes the body of a request to a path may have."""
    if path.startswith(UPLOAD):
        return limit("upload_mb") * 10**6
    return limit("message_mb" if path.startswith(ASSISTANTS) else "body_mb") * 10**6


class _Guard:
    """Passes messages on until `measure(chunk)` says what is too much of them: then the client reads that."""

    def __init__(self, receive: Receive, send: Send, measure: Callable[[bytes], str]):
        self._receive = receive
        self._send = send
        self._measure = measure
        self._said = ""
        self._answered = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive_some, self._send_on)
        except ClientDisconnect:
            if not self._said:
                raise
        if self._said and not self._answered:
            await refusal(self._said)(scope, self._receive, self._send)

    async def _receive_some(self) -> Message:
        message = {"type": "http.disconnect"} if self._said else await self._receive()
        if message["type"] == "http.request":
            self._said = self._measure(message.get("body", b""))
        return {"type": "http.disconnect"} if self._said else message

    async def _send_on(self, message: Message) -> None:
        if self._said and not self._answered:
            return  # what the application makes of a broken body
        self._answered = True
        await self._send(message)


class BodyLimit:
    """Refuses a body of more bytes than its path may have."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        most = body_bytes(scope["path"])
        said = f"The request is larger than the {most // 10**6} MB that this server takes: send less."
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > most:
            await refusal(said)(scope, receive, send)
            return
        received = 0

        def measure(chunk: bytes) -> str:
            nonlocal received
            received += len(chunk)
            return said if received > most else ""

        await _Guard(receive, send, measure).run(self.app, scope)


class FileLimit:
    """Refuses an upload of too many files: each part of a multipart body begins with its boundary."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = BOUNDARY.search(dict(scope.get("headers", ())).get(b"content-type", b""))
        if scope["type"] != "http" or not scope["path"].startswith(UPLOAD) or not found:
            await self.app(scope, receive, send)
            return
        boundary, most = b"--" + found.group(1).strip(), limit("upload_files")
        said = f"An upload holds {most} files at most: send fewer at once."
        count, rest = 0, b""

        def measure(chunk: bytes) -> str:
            nonlocal count, rest
            text = rest + chunk
            count += text.count(boundary)
            rest = text[1 - len(boundary) :]  # it may go on with the next chunk
            return said if count > most + 1 else ""  # the last one ends the body

        await _Guard(receive, send, measure).run(self.app, scope)


def refusal(said: str) -> PlainTextResponse:
    return PlainTextResponse(said, 413, {"Connection": "close"})
