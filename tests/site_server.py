"""Serves a folder of static files for the tests, as `python -m http.server` does, and can fail on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@dataclass
class SiteServer:
    """A running server: what was asked of it, and paths answered with other bytes (None: not found)."""

    folder: Path
    address: str = ""
    asked: list[str] = field(default_factory=list)
    instead: dict[str, bytes | None] = field(default_factory=dict)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments, about: SiteServer, **named):
        self.about = about
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.about.asked.append(path)
        if path not in self.about.instead:
            return super().do_GET()
        content = self.about.instead[path]
        if content is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments) -> None:
        pass


@contextmanager
def serve_folder(folder: Path) -> Iterator[SiteServer]:
    """Serve a folder on a free port until the block ends."""
    about = SiteServer(folder)
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Handler, about=about, directory=str(folder))
    ) as server:
        about.address = f"http://127.0.0.1:{server.server_port}/"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield about
        finally:
            server.shutdown()
            thread.join()
