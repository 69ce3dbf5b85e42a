"""Serve the app: `python app.py [--host H] [--port P]`, also as the entry point of a Hugging Face Space."""

import argparse
import os
import socket
import sys
import tempfile
from pathlib import Path

# read by Gradio when it is imported; the folder is swept, and must not hold other programs' files
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_TEMP_DIR", str(Path(tempfile.gettempdir()) / "feature-inversion-explorer"))

from explorer.command_line import Parser, run
from explorer.errors import UserError
from explorer.serving.logs import log_as_json

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 7860
PORT_VARIABLES = ("GRADIO_SERVER_PORT", "PORT")


def options() -> argparse.Namespace:
    """Return host and port: command line, then environment, then the defaults."""
    parser = Parser(prog="app.py", description="Serve the Feature Inversion Explorer.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME") or DEFAULT_HOST)
    port = next((os.environ[name] for name in PORT_VARIABLES if os.environ.get(name)), DEFAULT_PORT)
    parser.add_argument("--port", type=int, default=port)
    return parser.parse_args()


def check_address(host: str, port: int) -> None:
    """Raise UserError, saying why, when nothing can be served at host:port."""
    if not 0 < port < 65536:
        raise UserError(f"There is no port {port}: choose one from 1 to 65535.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise UserError(
            f"Cannot listen on {host}:{port} ({error.strerror}): choose another with --host or --port."
        ) from error


def serve(options: argparse.Namespace) -> None:
    check_address(options.host, options.port)
    log_as_json()  # before the libraries are imported, side by side: one may silence what another warns of

    from explorer import Explorer
    from explorer.limits import limit
    from explorer.ui.warming import warm_up

    explorer = Explorer(search_seconds=limit("search_seconds"))
    warm = warm_up(explorer)

    from explorer.ui.server import (
        serve_page,  # takes seconds: what the first visitor needs is loaded meanwhile
    )

    serve_page(explorer, warm, options.host, options.port)


if __name__ == "__main__":
    sys.exit(run(serve, options()))
