"""Runs `python app.py` for the tests that need a real server."""

import json
import os
import signal
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

from filelock import FileLock

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
    address, process = _start(log, *arguments, **environment)
    try:
        _wait_for(address, process, log)
        yield Server(address, process.pid, log)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def serve_all(folder: Path, **environment: str) -> Iterator[Server]:
    """Serve the app once for all processes that name `folder`: the first starts it, the last ends it."""
    folder.mkdir(exist_ok=True)
    note, log = folder / "server.json", folder / "app.log"
    with FileLock(folder / "lock"):
        if note.exists():
            found = json.loads(note.read_text())
        else:
            address, process = _start(log, **environment)
            found = {"address": address, "pid": process.pid, "users": 0}
            try:
                _wait_for(address, process, log)
            except RuntimeError:
                process.kill()
                raise
        note.write_text(json.dumps(found | {"users": found["users"] + 1}))
    yield Server(found["address"], found["pid"], log)
    with FileLock(folder / "lock"):
        users = json.loads(note.read_text())["users"] - 1
        note.write_text(json.dumps(found | {"users": users}))
        if not users:
            note.unlink()
            os.kill(found["pid"], signal.SIGTERM)


def _start(log: Path, *arguments: str, **environment: str) -> tuple[str, subprocess.Popen]:
    """Start the app; return its address, where it will answer, and its process."""
    port = free_port()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--port", str(port), *arguments],
            cwd=log.parent,  # the app must not depend on the folder it is started from
            env=os.environ | {"EXPLORER_NICE": "1"} | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return f"http://127.0.0.1:{port}/", process


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
