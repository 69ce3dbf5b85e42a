"""Runs `python app.py` for the tests that need a real server."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Server:
    address: str
    pid: int
    log: Path


@contextmanager
def serve(log: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """Serve the app on a free port until the block ends. Its output goes to `log`.

    What takes long is hardly nicer than the rest: beside other tests it would get nowhere.
    """
    port = free_port()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--port", str(port), *arguments],
            cwd=log.parent,  # the app must not depend on the folder it is started from
            env=os.environ | {"EXPLORER_NICE": "1"} | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}/"
            _wait_for(address, process, log)
            yield Server(address, process.pid, log)
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise RuntimeError(f"the app did not start:\n{log.read_text()}")
