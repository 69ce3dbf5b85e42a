"""Measure the served app: `python -m tests.benchmarks.serving`.

Prints the seconds from `python app.py` to a page that answers, the median seconds of 20 reconstructions with
metrics at vgg16 block1 (each a photo the server has not seen), the same by another decoder, for which their
features are in memory, with their ratio, and the peak memory of the serving process.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from gradio_client import Client, handle_file
from PIL import Image

from tests.serving import ROOT, free_port

RUNS = 20
EXAMPLES = sorted((ROOT / "assets" / "examples").glob("*.jpg"))


def main() -> None:
    address = f"http://127.0.0.1:{(port := free_port())}/"
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "--port", str(port)], stdout=subprocess.DEVNULL, env=os.environ
    )
    try:
        wait_for(address)
        print(f"page answers after          {time.perf_counter() - started:6.1f} s")
        with tempfile.TemporaryDirectory() as folder:
            client = Client(address, verbose=False, download_files=folder)
            photos = distinct_photos(Path(folder))
            for decoder in ("transposed_conv", "linear"):
                measure(client, photos[0], decoder)  # loads LPIPS and the decoder
            fresh = statistics.median(measure(client, photo, "transposed_conv") for photo in photos[1:])
            known = statistics.median(measure(client, photo, "linear") for photo in photos[1:])
        print(f"one reconstruction, median  {fresh:6.3f} s")
        print(f"photo already encoded       {known:6.3f} s  ({known / fresh:.2f} of a new photo)")
        print(f"peak memory                 {peak_memory_mib(server.pid):6.0f} MiB")
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"no page at {address} after {seconds:.0f} s")


def distinct_photos(folder: Path) -> list[Path]:
    """Write RUNS + 1 different photos made of the examples by rotating and mirroring them."""
    paths = []
    for number in range(RUNS + 1):
        with Image.open(EXAMPLES[number % len(EXAMPLES)]) as photo:
            turned = photo.transpose(list(Image.Transpose)[number // len(EXAMPLES)])
        paths.append(folder / f"{number}.png")
        turned.save(paths[-1])
    return paths


def measure(client: Client, photo: Path, decoder: str) -> float:
    """Return the server's own seconds for one reconstruction."""
    asked = {"decoder": decoder, "loss": "mse", "api_name": "/reconstruct"}
    *_, figures = client.predict(handle_file(photo), **asked)
    return figures["seconds"]


def peak_memory_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
