"""The server: the page behind its limits, with health, metrics, logs and the tools for assistants."""

from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from explorer import Explorer
from explorer.checkpoints.fitting import cache_folder
from explorer.folders import has_site, site_folder
from explorer.limits import allowed, limit
from explorer.serving import health, sessions
from explorer.serving.bodies import BodyLimit, FileLimit
from explorer.serving.disk import Room, sweep_regularly
from explorer.serving.doors import ClosedDoors
from explorer.serving.faults import Faults
from explorer.serving.headers import SecurityHeaders
from explorer.serving.listeners import ListenerMiddleware, stream_key
from explorer.serving.logs import log_as_json
from explorer.serving.requests import RequestLog
from explorer.ui import handouts
from explorer.ui.assistants import Tools
from explorer.ui.page import build, launch_options
from explorer.ui.reception import Reception
from explorer.ui.sessions import seat_sessions

MB = 10**6
MCP = "/gradio_api/mcp"


def serve_page(explorer: Explorer, warm: Event, host: str, port: int) -> None:
    """Serve the app until the process ends; `warm` is set when the first visitor need not wait.

    Raises UserError for a limit that the environment has wrong.
    """
    reception = Reception()
    page = build(explorer, reception)
    uploads = Path(get_upload_folder())
    uploads.mkdir(parents=True, exist_ok=True)
    watch(reception, explorer, page, uploads)
    sweep_regularly(rooms(uploads), [lambda: sessions.trim(page.state_holder.session_data, session_budget())])
    page.launch(
        server_name=host,
        server_port=port,
        app_kwargs=app_options(explorer, reception, uploads, warm),
        prevent_thread_lock=True,
        **launch_options(),
    )
    seat_sessions(page)
    log_as_json()  # uvicorn has set up its own
    print(f"Open {page.local_url} in a browser.", flush=True)
    try:
        page.block_thread()
    finally:
        reception.desks.close()


def app_options(explorer: Explorer, reception: Reception, uploads: Path, warm: Event) -> dict[str, Any]:
    """Return what Gradio's application is made with: what stands before it, and what stands beside it."""
    routes: list[BaseRoute] = health.routes(reception.desks, reception.metrics, uploads, warm.is_set)
    routes += handouts.routes()
    if has_site():
        routes.append(Mount("/site", StaticFiles(directory=site_folder(), html=True)))
    options: dict[str, Any] = {}
    if allowed("mcp"):
        tools = Tools(explorer, reception)
        routes += [Route(path, tools, include_in_schema=False) for path in (MCP, f"{MCP}/")]
        options["lifespan"] = tools.lifespan
    middleware = [
        Middleware(RequestLog, metrics=reception.metrics),
        Middleware(SecurityHeaders),
        Middleware(ClosedDoors),
        Middleware(BodyLimit),
        Middleware(FileLimit),
        Middleware(Faults),
        Middleware(ListenerMiddleware, listeners=reception.listeners, key_of=stream_key),
    ]
    return options | {"routes": routes, "middleware": middleware}


def rooms(uploads: Path) -> list[Room]:
    """Return the folders that are swept: uploads and pictures, and what is fitted on the spot."""
    return [
        Room(uploads, limit("disk_hours") * 3600, limit("disk_mb") * MB),
        Room(cache_folder() / "decoders", None, limit("fits_mb") * MB),
    ]


def session_budget() -> int:
    return limit("sessions_mb") * MB


def watch(reception: Reception, explorer: Explorer, page: gr.Blocks, uploads: Path) -> None:
    """Let the metrics tell how it stands with desks, memory, sessions and the disk."""
    watched, desks, kept = reception.metrics.watch, reception.desks, explorer.engine.kept
    watched("waiting", "Waiting at a desk", ["desk"], lambda: [((x.kind,), x.waiting) for x in desks])
    watched("running", "Being done at a desk", ["desk"], lambda: [((x.kind,), x.running) for x in desks])
    watched("kept_bytes", "Kept in memory", ["kind"], lambda: [((k,), x.nbytes) for k, x in kept.items()])
    watched("kept", "How many are kept", ["kind"], lambda: [((k,), len(x)) for k, x in kept.items()])
    watched("listeners", "Open streams", [], lambda: [((), len(reception.listeners))])
    watched(
        "sessions",
        "Pages of which something is kept",
        [],
        lambda: [((), len(page.state_holder.session_data))],
    )
    reception.metrics.watch_disk(uploads)
