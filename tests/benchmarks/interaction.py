"""Measure what a visitor waits for: `python -m tests.benchmarks.interaction`.

Server side, on VGG16: the median seconds of a change of layer or decoder on the same photo (feature maps
included), of a move of the Surgery slider, and of five layers in Depth as a ratio to one reconstruction from
block5, both of photos the Explorer has not seen. In Chromium: the bytes of the page, the requests, and the
seconds to the first reconstruction, with an empty browser cache; then the median seconds from choosing
another layer to its picture, and to all of it, the requests, and the seconds that the server works for it.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from explorer import Explorer
from explorer.experiments.surgery import Change
from tests.browser.conftest import FLAGS, RESULT_MS, system_chromium
from tests.serving import ROOT, serve

RUNS = 10
CAT = ROOT / "assets" / "examples" / "cat.jpg"


def main() -> None:
    explorer = Explorer(ROOT / "checkpoints")
    changes = [
        {"layer": layer, "decoder": decoder, "loss": "mse"}
        for layer in ("block1", "block2", "block3", "block4", "block5")
        for decoder in explorer.catalogue().decoders("vgg16", layer)
    ]
    for change in changes:
        explorer.reconstruct(distinct_photo(2 * RUNS), **change)  # loads the decoder
        explorer.features(CAT, layer=change["layer"])
    waits = [seconds(lambda change=change: explore(explorer, change)) for change in changes]
    print(f"layer or decoder, same photo  {statistics.median(waits):6.3f} s (slowest {max(waits):.3f})")

    moves = [
        seconds(
            lambda bits=bits, layer=layer: explorer.surgery(CAT, layer=layer, change=Change(strength=bits))
        )
        for layer in ("block1", "block3", "block5")
        for bits in (*range(1, 9), *range(1, 9))
    ]
    print(f"Surgery slider                {statistics.median(moves):6.3f} s (slowest {max(moves):.3f})")

    for decoder in ("linear", "transposed_conv", "pixel_shuffle"):
        asked = {"decoder": decoder, "loss": "mse"}
        one, five = [], []
        for run in range(RUNS):
            photo = distinct_photo(2 * run)
            one.append(seconds(lambda p=photo, a=asked: explorer.reconstruct(p, layer="block5", **a)))
            photo = distinct_photo(2 * run + 1)
            five.append(seconds(lambda p=photo, a=asked: explorer.depth(p, **a)))
        ratio = statistics.median(five) / statistics.median(one)
        print(f"Depth, {decoder:16}       {ratio:6.2f} times one block5 ({statistics.median(five):.3f} s)")
    measure_page()


def explore(explorer: Explorer, change: dict[str, str]) -> None:
    explorer.reconstruct(CAT, **change)
    explorer.features(CAT, layer=change["layer"]).mosaic()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def distinct_photo(number: int) -> Image.Image:
    pixels = np.array(Image.open(CAT).convert("RGB"))
    pixels[64:96, 64:96] = np.random.default_rng(number).integers(0, 256, (32, 32, 3))
    return Image.fromarray(pixels)


def processor_seconds(pid: int) -> float:
    """Return how long a process has worked so far, by Linux's /proc."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def measure_page() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder) / "app.log") as server,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=system_chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        received: list[float] = []
        network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        started = time.perf_counter()
        page.goto(server.address)
        page.locator("#card-psnr b", has_text=".").wait_for(timeout=RESULT_MS)
        first = time.perf_counter() - started
        page.locator("#mosaic img").wait_for(timeout=RESULT_MS)
        page.wait_for_timeout(2000)
        print(f"first picture in Chromium     {first:6.2f} s")
        print(f"page weight                   {sum(received) / 1e6:6.2f} MB in {len(received)} requests")

        pictures, all_of_it = [], []
        requests, work = len(received), processor_seconds(server.pid)
        for layer in ("block2", "block3", "block4", "block5", "block1") * 2:
            page.locator("#layer input").click()
            option = page.get_by_role("option").filter(has_text=layer)
            option.wait_for()
            started = time.perf_counter()
            option.click()
            page.locator("#result-title", has_text=layer).wait_for(timeout=RESULT_MS)
            pictures.append(time.perf_counter() - started)
            page.locator("#download:not([disabled])").wait_for(timeout=RESULT_MS)
            all_of_it.append(time.perf_counter() - started)
        print(f"another layer in Chromium     {statistics.median(pictures):6.2f} s to the picture")
        print(f"                              {statistics.median(all_of_it):6.2f} s to all of it")
        page.wait_for_timeout(1000)
        requests, work = len(received) - requests, processor_seconds(server.pid) - work
        print(f"                              {requests / len(pictures):6.1f} requests")
        print(f"                              {work / len(pictures):6.2f} s of the server's processors")
        browser.close()


if __name__ == "__main__":
    main()
