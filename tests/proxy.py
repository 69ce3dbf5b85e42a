"""Runs Debian's nginx with the very file that deploy/ has, in front of servers on this machine."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.serving import ROOT

PORT = 8080  # as in the file
ADDRESS = f"http://127.0.0.1:{PORT}"


def cannot_run() -> str:
    """Return why nginx cannot be run here, or nothing."""
    if not shutil.which("nginx"):
        return "nginx is not installed"
    with socket.socket() as probe:
        return f"port {PORT} is taken" if probe.connect_ex(("127.0.0.1", PORT)) == 0 else ""


@contextmanager
def nginx(ports: Sequence[int]) -> Iterator[None]:
    """Let nginx stand before the servers at these ports of this machine, until the block ends.

    Raises RuntimeError when it does not start, or when another one has its port: that one would answer.
    """
    if why_not := cannot_run():
        raise RuntimeError(why_not)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "deploy" / "nginx.conf", folder)
        servers = "".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=10s;\n" for port in ports)
        (Path(folder) / "replicas.conf").write_text(servers)
        ordinary = "daemon off; user root;" if Path(folder).owner() == "root" else "daemon off;"
        command = ["nginx", "-p", f"{folder}/", "-c", f"{folder}/nginx.conf", "-g", ordinary]
        with open(Path(folder) / "log", "w") as log:
            process = subprocess.Popen(command, stderr=log)
        try:
            _wait(process, Path(folder) / "log")
            yield
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: subprocess.Popen, log: Path, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nginx did not start:\n{log.read_text()}")
