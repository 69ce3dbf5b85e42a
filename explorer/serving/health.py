"""/healthz (the process answers), /readyz (a visitor would be served now) and /metrics."""

from collections.abc import Callable
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from explorer.limits import limit
from explorer.serving.desks import Desks
from explorer.serving.metrics import Metrics, free_bytes


def routes(desks: Desks, metrics: Metrics, folder: Path, is_warm: Callable[[], bool]) -> list[Route]:
    """Return the routes; `folder` holds the uploads, `is_warm()` tells if the first visitor need not wait."""

    def healthz(request: Request) -> Response:
        return PlainTextResponse("ok")

    def readyz(request: Request) -> Response:
        checks = {
            "warm": is_warm(),
            "disk": free_bytes(folder) > limit("free_mb") * 10**6,
            "place": not desks.answers.full,
        }
        return JSONResponse(checks, 200 if all(checks.values()) else 503)

    def metrics_page(request: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics_page)]
