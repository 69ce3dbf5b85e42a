"""Measure the page without a server: `python -m tests.benchmarks.site DIR`, DIR being what `site` has made.

In Chromium, one WASM thread: the seconds to the first picture with an empty cache, and the bytes that came;
the median seconds from a move of the depth control to its picture; and the mirror with Chromium's own camera:
frames a second at the layer that the page opens on, and the memory of the browser's processes, in MB, after
300 frames, when its garbage collector has found its measure, and after 800.
"""

import statistics
import sys
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import DESKTOP, FLAGS, RESULT_MS, system_chromium
from tests.site_server import serve_folder

MOVES = 12
SETTLED, FRAMES = 300, 500
COUNT_FRAMES = """() => {
    window.frames_drawn = 0;
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (...given) {
        if (this.canvas.id === "live") window.frames_drawn++;
        return put.apply(this, given);
    };
}"""


def main() -> None:
    folder = Path(sys.argv[1])
    with serve_folder(folder) as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=system_chromium(), args=FLAGS)
        context = browser.new_context(permissions=["camera"], **DESKTOP)
        page = context.new_page()
        started = time.perf_counter()
        page.goto(server.address)
        page.locator("#card-psnr b", has_text=".").wait_for(timeout=RESULT_MS)
        print(f"first picture, empty cache   {time.perf_counter() - started:6.2f} s")
        sizes = {path: (folder / (path.lstrip("/") or "index.html")).stat().st_size for path in server.asked}
        print(f"for which came               {sum(sizes.values()) / 1e6:6.1f} MB in {len(sizes)} files")
        page.locator("#card-lpips b", has_text=".").wait_for(timeout=RESULT_MS)
        waits = [move(page, "End" if run % 2 else "Home") for run in range(MOVES)]
        print(f"another layer, same photo    {statistics.median(waits[2:]):6.2f} s")
        mirror(page)
        browser.close()


def move(page: Page, key: str) -> float:
    """Return the seconds from a key on the depth control to the picture of the layer that it goes to."""
    page.locator("#layer").focus()
    before = page.locator("#result-title h2").inner_text()
    started = time.perf_counter()
    page.keyboard.press(key)
    while page.locator("#result-title h2").inner_text() == before:
        page.wait_for_timeout(5)
    return time.perf_counter() - started


def mirror(page: Page) -> None:
    page.goto(page.url.partition("?")[0])
    page.locator("#card-lpips b", has_text=".").wait_for(timeout=RESULT_MS)
    page.evaluate(COUNT_FRAMES)
    page.locator("[data-tab=mirror]").click()
    page.locator("#mirror-on").click()
    wait_for_frames(page, SETTLED)
    first, started = memory(), time.perf_counter()
    wait_for_frames(page, SETTLED + FRAMES)
    rate = FRAMES / (time.perf_counter() - started)
    layer = page.locator("#layer-about").inner_text()
    print(f"mirror                       {rate:6.1f} frames a second, {layer}")
    print(f"memory, 500 frames later     {first:6.0f} -> {memory():.0f} MB")


def wait_for_frames(page: Page, count: int) -> None:
    while page.evaluate("window.frames_drawn") < count:
        page.wait_for_timeout(100)


def memory() -> float:
    """Return the memory that the processes of this program's browser hold, in MB."""
    processes = psutil.Process().children(recursive=True)
    return sum(process.memory_info().rss for process in processes) / 1e6


if __name__ == "__main__":
    main()
