"""Measure the server under load: `python -m tests.benchmarks.load --json FILE --markdown docs/hosting.md`.

In one run, on one server: seconds from `python app.py` to the first answer, beside those of importing
PyTorch and Gradio, which no start can do without and which tell how fast the machine is; a warm answer
alone and beside a network that is being loaded; many clients with mixed actions, three rounds of the same,
with what memory they leave; and a first round of other photos with a search, a fit and a download under way.
The answers' figures are compared with each other: a mix-up of two visitors would show. Nothing else should
run on the machine.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
from PIL import Image

from tests.benchmarks.tables import machine, table, write_between_marks
from tests.hub_server import serve as serve_hub
from tests.serving import ROOT, free_port

EXAMPLES = sorted((ROOT / "assets" / "examples").glob("*.jpg"))
COLD = ["timm:wide_resnet101_2", "stage1", 0, "random"]  # drawn here, as no hub may be in reach
FITTED = ["resnet10t", "regnetx_002", "mobilenetv3_small_050", "lcnet_050", "convnext_atto", "tinynet_e"]
DOWNLOADED = "timm/resnet34.a1_in1k/model.safetensors"
VGG16, MSE = "vgg16", ["mse", "imagenet"]
ACTIONS: list[tuple[str, list[Any]]] = [  # what comes after the photo
    *(("reconstruct", [VGG16, f"block{n}", "linear", *MSE]) for n in range(1, 6)),
    *(("reconstruct", [VGG16, f"block{n}", "pixel_shuffle", *MSE]) for n in (1, 3, 5)),
    ("reconstruct", ["alexnet", "conv3", "pixel_shuffle", *MSE]),
    ("reconstruct", ["dinov2_small", "block5", "linear", *MSE]),
    ("depth_sweep", [VGG16, "linear", *MSE]),
    ("feature_maps", [VGG16, "block2", 1, "imagenet"]),
    ("feature_maps", ["efficientnet_lite0", "stage3", 0, "imagenet"]),
    ("compare", ["vgg16/block1/linear/mse", "vgg16/block3/linear/mse"]),
    ("surgery", ["quantise", 3, VGG16, "block2", "linear", *MSE, None, None]),
]


@dataclass
class Round:
    """The seconds of a round's actions, and what went wrong in it."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    rss_mb: float = 0.0

    def to_dict(self) -> dict[str, float]:
        return {
            "actions": len(self.seconds),
            "errors": len(self.errors),
            "median": round(statistics.median(self.seconds), 3),
            "p95": round(statistics.quantiles(self.seconds, n=20)[-1], 3),
            "max": round(max(self.seconds), 3),
            "rss_mb": round(self.rss_mb),
        }


class Client:
    """A visitor with a photo of their own, who asks and listens."""

    def __init__(self, address: str, photo: Path):
        self.http = httpx.Client(base_url=address, timeout=900)
        with photo.open("rb") as file:
            [path] = self.http.post("/gradio_api/upload", files={"files": file}).json()
        self.photo = {"path": path, "meta": {"_type": "gradio.FileData"}}

    def ask(self, name: str, data: list[Any]) -> Any:
        """Return what an action gives. Raises RuntimeError with what the server says went wrong."""
        joined = self.http.post(f"/gradio_api/call/{name}", json={"data": [self.photo, *data]})
        joined.raise_for_status()
        answer = self.http.get(f"/gradio_api/call/{name}/{joined.json()['event_id']}").text
        event, _, rest = answer.strip().rpartition("event: ")[2].partition("\n")
        if event != "complete":
            raise RuntimeError(rest[:200])
        return json.loads(rest.removeprefix("data: "))[-1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--actions", type=int, default=10, help="of each client in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", type=int, default=20, help="warm answers, alone and beside a cold network")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path, help="put the table between its marks in this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = measure(options, Path(name))
    print(json.dumps(found, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    if options.markdown:
        write_between_marks(options.markdown, "load", table(rows(found)))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    importing = min(seconds(import_libraries) for _ in range(2))
    with serve_hub({DOWNLOADED: bytes(200_000_000)}) as hub:
        hub.seconds_a_megabyte = 2.0
        environment = {"HF_ENDPOINT": hub.address, "EXPLORER_CACHE": str(folder / "cache")}
        environment["GRADIO_TEMP_DIR"] = str(folder / "temporary")
        with app(environment) as (address, pid, started):
            photos = iter(distinct_photos(folder, 2 * options.clients + options.warm))
            known = [Client(address, next(photos))]
            known[0].ask("reconstruct", [VGG16, "block3", "pixel_shuffle", *MSE])
            start_up = time.perf_counter() - started
            known += [Client(address, next(photos)) for _ in range(options.warm - 1)]
            clients = [Client(address, next(photos)) for _ in range(options.clients)]
            others = [Client(address, photo) for photo in photos]
            for name, data in ACTIONS:  # loads what they need
                known[0].ask(name, data)
            alone, beside = warm_answers(known, options.warm)
            figures: dict[str, Any] = {}
            rounds = [play(clients, options.actions, pid, figures) for _ in range(options.rounds)]
            with work_under_way(known[0]):
                busy = play(others, options.actions, pid, {})
    return {
        "machine": machine(),
        "clients": options.clients,
        "import_seconds": round(importing, 2),
        "start_up_seconds": round(start_up, 2),
        "start_up_ratio": round(start_up / importing, 2),
        "warm_seconds": {"alone": round(alone, 3), "beside_a_cold_network": round(beside, 3)},
        "warm_ratio": round(beside / alone, 2),
        "rounds": [one.to_dict() for one in rounds],
        "beside_search_fit_download": busy.to_dict(),
        "busy_p95_ratio": round(busy.to_dict()["p95"] / rounds[0].to_dict()["p95"], 2),
        "memory_ratio": round(rounds[-1].rss_mb / rounds[0].rss_mb, 3),
        "errors": sorted({error for one in (*rounds, busy) for error in one.errors})[:5],
    }


def import_libraries() -> None:
    subprocess.run([sys.executable, "-c", "import torch; import gradio"], check=True)


@contextmanager
def app(environment: dict[str, str]) -> Iterator[tuple[str, int, float]]:
    """Serve the app; yield its address, its process and when it was started."""
    port, started = free_port(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "--port", str(port)],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(f"{address}/healthz", timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield address, process.pid, started
    finally:
        process.terminate()
        process.wait(30)


def warm_answers(clients: list[Client], count: int) -> tuple[float, float]:
    """Return the median seconds of a warm answer alone, and while a network is loaded for the first time."""
    action = ("reconstruct", [VGG16, "block1", "linear", *MSE])

    def once(number: int) -> float:
        layers = [VGG16, f"block{1 + number % 2}", "linear", *MSE]
        return seconds(lambda: clients[number % len(clients)].ask(action[0], layers))

    alone = statistics.median(once(number) for number in range(count))
    loading = Thread(target=clients[0].ask, args=["feature_maps", COLD])
    loading.start()
    beside = []
    while loading.is_alive():
        beside.append(once(len(beside)))
    return alone, statistics.median(beside)


def play(clients: list[Client], actions: int, pid: int, figures: dict[str, Any]) -> Round:
    """Let every client ask for so many things, all at once; notes the figures of each photo and action."""
    found = Round()

    def visit(number: int) -> None:
        draw = random.Random(number)
        for _ in range(actions):
            name, data = draw.choice(ACTIONS)
            started = time.perf_counter()
            try:
                answer = clients[number].ask(name, data)
            except Exception as error:
                found.errors.append(f"{name}: {error}")
                continue
            found.seconds.append(time.perf_counter() - started)
            told = without_seconds(answer)
            if figures.setdefault(f"{number} {name} {data}", told) != told:
                found.errors.append(f"{name}: not the figures of the same photo before")

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(visit, range(len(clients))))
    found.rss_mb = int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
    return found


@contextmanager
def work_under_way(client: Client) -> Iterator[None]:
    """Keep a search, a fit and a download going in the block."""
    over = Event()

    def again(*asked: list[Any]) -> None:
        for number in range(10**6):
            if over.is_set():
                return
            try:
                client.ask("reconstruct", asked[number % len(asked)])
            except (RuntimeError, httpx.HTTPError):
                time.sleep(1)

    fits = [[f"timm:{name}", "stage2", "linear", "mse", "random"] for name in FITTED]
    work = (
        [[VGG16, "block3", "optimisation", *MSE]],
        fits,
        [["resnet34", "layer1", "linear", *MSE]],
    )
    threads = [Thread(target=again, args=asked, daemon=True) for asked in work]
    for thread in threads:
        thread.start()
    time.sleep(2)
    yield
    over.set()


def without_seconds(found: Any) -> Any:
    """Return an answer's figures, rounded, without the time they took."""
    if isinstance(found, dict):
        return {key: without_seconds(value) for key, value in found.items() if key != "seconds"}
    if isinstance(found, list):
        return [without_seconds(value) for value in found]
    return round(found, 2) if isinstance(found, float) else found


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def distinct_photos(folder: Path, count: int) -> list[Path]:
    """Write so many different photos, made of the examples."""
    paths = []
    for number in range(count):
        with Image.open(EXAMPLES[number % len(EXAMPLES)]) as photo:
            paths.append(folder / f"{number}.png")
            photo.resize((400 + number, 300)).save(paths[-1])
    return paths


def rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was measured, and each figure with its unit."""
    first, last, busy = found["rounds"][0], found["rounds"][-1], found["beside_search_fit_download"]
    who = f"{found['clients']} clients, {first['actions']} mixed actions"
    warm, beside = found["warm_seconds"], found["warm_seconds"]["beside_a_cold_network"]
    return [
        ("importing PyTorch, then Gradio", f"{found['import_seconds']} s"),
        ("start-up to the first answer", f"{found['start_up_seconds']} s ({found['start_up_ratio']} times)"),
        ("a warm answer alone", f"{warm['alone']} s"),
        ("beside the first use of another network", f"{beside} s ({found['warm_ratio']} times)"),
        (
            f"{who}, the first round: median, 95 %, longest",
            f"{first['median']}, {first['p95']}, {first['max']} s",
        ),
        (
            "a first round beside a search, a fit and a download: 95 %",
            f"{busy['p95']} s ({found['busy_p95_ratio']} times)",
        ),
        ("the third round: median, 95 %, longest", f"{last['median']}, {last['p95']}, {last['max']} s"),
        (
            f"memory after round 1 and {len(found['rounds'])}",
            f"{first['rss_mb']} and {last['rss_mb']} MB ({found['memory_ratio']} times)",
        ),
        ("errors and mix-ups", str(sum(row["errors"] for row in (*found["rounds"], busy)))),
    ]


if __name__ == "__main__":
    main()
