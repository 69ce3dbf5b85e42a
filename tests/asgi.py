"""Asks an ASGI application without a server."""

from starlette.types import ASGIApp, Message

from tests.coroutines import run


def answer_of(app: ASGIApp, body: bytes = b"", chunk: int = 1000, **scope: object) -> tuple[int, str]:
    """Return the status and the text of an application's answer to a request that is sent in chunks."""
    sent: list[Message] = []
    chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    asked = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "state": {}}

    async def receive() -> Message:
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: Message) -> None:
        sent.append(message)

    run(lambda: app(asked | scope, receive, send))
    text = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], text.decode()
