"""Kill one of two replicas behind the proxy, under load: `python -m tests.benchmarks.replicas [ACTIONS]`.

Two apps and nginx with deploy/nginx.conf run on this machine. Visitors, each a browser with its cookie,
upload a photo and ask for a reconstruction, over and over. When each has finished ACTIONS (10), one replica
is killed; after ACTIONS more it is started again, and when it answers follow ACTIONS more. Prints, as JSON,
how many were finished and lost, by when they began: of the visitors of the replica that was killed, and of
the other. Exits with 1 if the other's lost any.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import httpx

from tests.proxy import ADDRESS, cannot_run, nginx
from tests.serving import ROOT, free_port

VISITORS = 8
PHOTO = ROOT / "assets" / "examples" / "cat.jpg"
ACTION = {
    "architecture": "vgg16",
    "layer": "block1",
    "decoder": "linear",
    "loss": "mse",
    "weights": "imagenet",
}


@dataclass
class Replica:
    """An app of its own: its port, its folder for what it writes, its process and its id as Gradio has it."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    app_id: str = ""

    def start(self) -> None:
        environment = os.environ | {"GRADIO_TEMP_DIR": str(self.folder), "EXPLORER_CACHE": str(self.folder)}
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def wait(self) -> None:
        """Wait until it answers, and learn its id."""
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        while self.process.poll() is None:
            try:
                self.app_id = app_id(client)
                return
            except httpx.HTTPError:
                time.sleep(0.5)
        raise RuntimeError("a replica did not start")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@dataclass
class Visitor:
    """A browser with an address of its own, as the proxy limits each: the replica it was given to, and how
    its actions ended, each as (when it began, whether).
    """

    number: int
    http: httpx.Client = field(init=False)
    replica: str = ""
    actions: list[tuple[float, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        address = httpx.HTTPTransport(local_address=f"127.0.1.{self.number + 1}")
        self.http = httpx.Client(base_url=ADDRESS, timeout=600, transport=address)

    def arrive(self) -> None:
        self.http.get("/").raise_for_status()
        self.replica = app_id(self.http)

    def finished_since(self, moment: float) -> int:
        """Return how many actions that began after a moment were finished."""
        return sum(done and began >= moment for began, done in list(self.actions))

    def act(self) -> None:
        """Upload a photo, ask for its reconstruction and listen until the figures are there."""
        began = time.monotonic()
        try:
            files = {"files": (PHOTO.name, PHOTO.read_bytes())}
            [path] = self.http.post("/gradio_api/upload", files=files).raise_for_status().json()
            photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
            asked = {"data": [photo, *ACTION.values()]}
            call = self.http.post("/gradio_api/call/reconstruct", json=asked).raise_for_status().json()
            found = self.http.get(f"/gradio_api/call/reconstruct/{call['event_id']}").raise_for_status().text
            done = "event: complete" in found and '"psnr"' in found
        except (httpx.HTTPError, ValueError):
            done = False
        self.actions.append((began, done))
        if not done:
            time.sleep(1)  # as a visitor would, before trying again


def app_id(client: httpx.Client) -> str:
    return str(client.get("/gradio_api/app_id").raise_for_status().json()["app_id"])


def measure(actions: int) -> dict[str, dict[str, dict[str, int]]]:
    """Return {"killed" or "other": {time: {"visitors", "finished", "lost"}}}."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        replicas = [Replica(Path(first)), Replica(Path(second))]
        try:
            for replica in replicas:
                replica.start()
            for replica in replicas:
                replica.wait()
            with nginx([replica.port for replica in replicas]):
                return under_load(replicas[0], actions)
        finally:
            for replica in replicas:
                replica.kill()


def under_load(replica: Replica, actions: int) -> dict[str, dict[str, dict[str, int]]]:
    visitors = arrived()
    groups = {
        "killed": [visitor for visitor in visitors if visitor.replica == replica.app_id],
        "other": [visitor for visitor in visitors if visitor.replica != replica.app_id],
    }
    over, times = Event(), []

    def visit(visitor: Visitor) -> None:
        while not over.is_set():
            visitor.act()

    def phase(change: Callable[[], None]) -> None:
        began = time.monotonic()
        while min(visitor.finished_since(began) for visitor in visitors) < actions:
            time.sleep(0.2)
        times.append(time.monotonic())
        change()

    with ThreadPoolExecutor(VISITORS) as crowd:
        running = [crowd.submit(visit, visitor) for visitor in visitors]
        phase(replica.kill)
        phase(replica.start)
        replica.wait()
        times.append(time.monotonic())
        phase(over.set)
        for visit_of in running:
            visit_of.result()
    return {name: by_time(group, times[:3]) for name, group in groups.items()}


def arrived() -> list[Visitor]:
    """Return visitors of both replicas: chance may give all of some to one."""
    while True:
        visitors = [Visitor(number) for number in range(VISITORS)]
        for visitor in visitors:
            visitor.arrive()
        if len({visitor.replica for visitor in visitors}) > 1:
            return visitors


def by_time(visitors: list[Visitor], times: list[float]) -> dict[str, dict[str, int]]:
    names = ["before the kill", "after it", "while it started", "since its return"]
    found = {name: Counter(visitors=len(visitors), finished=0, lost=0) for name in names}
    for visitor in visitors:
        for began, done in visitor.actions:
            found[names[sum(began >= time for time in times)]]["finished" if done else "lost"] += 1
    return {name: dict(counts) for name, counts in found.items()}


def main() -> int:
    if reason := cannot_run():
        print(reason, file=sys.stderr)
        return 2
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    print(json.dumps(found, indent=1))
    return int(any(counts["lost"] for counts in found["other"].values()))


if __name__ == "__main__":
    sys.exit(main())
