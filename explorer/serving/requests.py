"""Every request gets an id, a line in the log and its place in the metrics; none says whose it was."""

import logging
import re
import time
from uuid import uuid4

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.serving.logs import request_id
from explorer.serving.metrics import Metrics

GIVEN_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")
GONE = 499  # as nginx says it: the client left before it was answered
# The paths by their beginnings, as they are named in log and metrics: what follows may be a visitor's.
ENDPOINTS = {
    "/gradio_api/queue/join": "queue_join",
    "/gradio_api/queue/data": "queue_data",
    "/gradio_api/heartbeat": "heartbeat",
    "/gradio_api/call": "call",
    "/gradio_api/run": "run",
    "/gradio_api/api": "run",
    "/gradio_api/upload": "upload",
    "/gradio_api/file": "file",
    "/gradio_api/mcp": "mcp",
    "/gradio_api": "gradio",
    "/healthz": "healthz",
    "/readyz": "readyz",
    "/metrics": "metrics",
    "/config": "config",
    "/site": "site",
    "/worksheet": "handouts",
    "/teaching": "handouts",
    "/assets": "assets",
    "/static": "assets",
    "/svelte": "assets",
    "/theme.css": "assets",
}
log = logging.getLogger(__name__)


def endpoint(path: str) -> str:
    """Return what a path is called in log and metrics."""
    if path == "/":
        return "page"
    return next((name for start, name in ENDPOINTS.items() if path.startswith(start)), "other")


class RequestLog:
    """Gives a request its id, or keeps that of a proxy, and notes how it went when it is answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        name = given.decode() if GIVEN_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        token = request_id.set(name)
        status, started = GONE, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", name.encode())]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = GONE
        except Exception:
            status = 500
            raise
        finally:
            where, seconds = endpoint(scope["path"]), time.perf_counter() - started
            self.metrics.requested(where, status, seconds)
            row = {"endpoint": where, "method": scope["method"], "status": status}
            log.info("request", extra={"fields": row | {"seconds": round(seconds, 4)}})
            request_id.reset(token)
