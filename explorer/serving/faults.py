"""What is answered where the application fails: one sentence, and a line in the log."""

import logging

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.errors import disk_is_full

NOT_UNDERSTOOD = "This request is not one that the server understands: see 'Use via API' on its page."
DISK_FULL = "The server's disk is full, so nothing can be kept on it: try again later, or tell who runs it."
log = logging.getLogger(__name__)


class Faults:
    """Answers with a sentence what Gradio's own routes make of a request that they were not made for."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except ClientDisconnect:
            raise
        except Exception as error:
            full = disk_is_full(error)
            log.warning("a request failed", exc_info=error)
            if started:  # of what has begun only the end can still be sent
                await send({"type": "http.response.body", "body": b""})
                return
            answer = PlainTextResponse(DISK_FULL, 507) if full else PlainTextResponse(NOT_UNDERSTOOD, 400)
            await answer(scope, receive, send)
