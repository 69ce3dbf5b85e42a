"""Measure the page without a server: `python -m tests.benchmarks.site DIR --markdown docs/hosting.md`.

DIR is what `python -m explorer site` has made. In Chromium, with one WASM thread and no graphics card: the
page's size, its first picture with an empty cache, a change of layer, and the mirror at AlexNet's conv3 with
Chromium's own camera: its frames a second, and the memory of the browser's processes. Nothing else should run
on the machine.
"""

import argparse
import statistics
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.tables import table, write_between_marks
from tests.browser.conftest import DESKTOP, FLAGS, RESULT_MS, Visit, open_site, system_chromium, wait_until
from tests.site_server import SiteServer, serve_folder

LAYERS = ("conv1", "conv5")  # the changes go from one to the other
MIRRORED = "?architecture=alexnet&layer=conv3"
NETWORKS = ("/encoders/", "/decoders/")
WARM_UP_MOVES, WARM_UP_FRAMES = 2, 300  # by then the garbage collector has found its measure
COUNT_FRAMES = """() => {
    window.frames_drawn = 0;
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (...given) {
        if (this.canvas.id === "live") window.frames_drawn++;
        return put.apply(this, given);
    };
}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--visits", type=int, default=5, help="first ones, each with an empty cache")
    parser.add_argument("--moves", type=int, default=20, help="changes of layer")
    parser.add_argument("--frames", type=int, default=500, help="of the mirror")
    parser.add_argument("--markdown", type=Path, help="put the table between its marks in this file")
    options = parser.parse_args()
    found = table(measure(options))
    print(found)
    if options.markdown:
        write_between_marks(options.markdown, "site", found)


def measure(options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return what was measured, and each figure with its unit."""
    rows = []
    with serve_folder(options.folder) as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=system_chromium(), args=FLAGS)
        waits = []
        for _ in range(options.visits):
            with browser.new_context(**DESKTOP) as context:
                server.asked.clear()
                waits.append(first_picture(context.new_page(), server))
        rows += [(f"first picture, empty cache, {options.visits} visits: median, longest", seconds(waits))]
        rows += sizes(server)
        with browser.new_context(permissions=["camera"], **DESKTOP) as context:
            visit = Visit(context.new_page(), server.address)
            waits = changes_of_layer(visit, options.moves)
            rows += [(f"another layer, same photo, {options.moves} times: median, longest", seconds(waits))]
            rows += mirror(visit, options.frames)
        browser.close()
    return rows


def seconds(waits: list[float]) -> str:
    return f"{statistics.median(waits):.2f}, {max(waits):.2f} s"


def first_picture(page: Page, server: SiteServer) -> float:
    """Return the seconds from asking for the page to its first picture; wait for the rest."""
    visit, started = Visit(page, server.address), time.perf_counter()
    page.goto(server.address)
    page.locator("#card-psnr b", has_text=".").wait_for(timeout=RESULT_MS)
    waited = time.perf_counter() - started
    page.locator("#card-lpips b", has_text=".").wait_for(timeout=RESULT_MS)
    wait_until(visit, "navigator.serviceWorker.ready.then(() => true)")  # it fetches for later visits
    return waited


def sizes(server: SiteServer) -> list[tuple[str, str]]:
    """Return the bytes of what the last visit asked for, each file once."""
    bytes_of = {
        path: (server.folder / (path.lstrip("/") or "index.html")).stat().st_size for path in server.asked
    }
    networks = sum(size for path, size in bytes_of.items() if path.startswith(NETWORKS))
    runtime = sum(size for path, size in bytes_of.items() if path.endswith(".wasm"))
    page = sum(bytes_of.values()) - networks - runtime
    said = f"{page / 1e3:.0f} KB, {runtime / 1e6:.1f} MB, {networks / 1e6:.1f} MB"
    return [("the page, the runtime's WASM, the networks of the first picture", said)]


def changes_of_layer(visit: Visit, moves: int) -> list[float]:
    """Return the seconds of each change, after some that fetch what is needed."""
    open_site(visit, f"?architecture=alexnet&layer={LAYERS[0]}")
    waits = [change(visit.page, LAYERS[run % 2 - 1]) for run in range(WARM_UP_MOVES + moves)]
    return waits[WARM_UP_MOVES:]


def change(page: Page, layer: str) -> float:
    """Return the seconds from a key on the depth control to the layer's picture; wait for its last figure."""
    page.locator("#layer").focus()
    started = time.perf_counter()
    page.keyboard.press("Home" if layer == LAYERS[0] else "End")
    page.locator("#result-title h2", has_text=layer).wait_for(timeout=RESULT_MS)
    waited = time.perf_counter() - started
    page.locator("body:not([aria-busy])").wait_for(timeout=RESULT_MS)
    return waited


def mirror(visit: Visit, frames: int) -> list[tuple[str, str]]:
    open_site(visit, MIRRORED)
    visit.page.evaluate(COUNT_FRAMES)
    visit.page.locator("#tabs [data-tab=mirror]").click()
    visit.page.locator("#mirror-on").click()
    wait_for_frames(visit, WARM_UP_FRAMES)
    before, started = memory(), time.perf_counter()
    wait_for_frames(visit, WARM_UP_FRAMES + frames)
    rate = frames / (time.perf_counter() - started)
    shown = {name: found[0] for name, found in parse_qs(urlsplit(visit.page.url).query).items()}
    view = f"{shown['architecture']} {shown['layer']} {shown['decoder']}"
    stepped = visit.page.locator("#mirror-said").inner_text()
    return [
        (f"the mirror at {view}{' (stepped down)' if stepped else ''}", f"{rate:.1f} frames a second"),
        (
            f"memory of the browser after {WARM_UP_FRAMES} frames, and after {frames} more",
            f"{before:.0f} and {memory():.0f} MB",
        ),
    ]


def wait_for_frames(visit: Visit, count: int) -> None:
    while visit.page.evaluate("window.frames_drawn") < count:
        visit.page.wait_for_timeout(100)


def memory() -> float:
    """Return the memory of this program's browser in MB: what its processes share counts once (Linux)."""
    processes = psutil.Process().children(recursive=True)
    return sum(process.memory_full_info().pss for process in processes) / 1e6


if __name__ == "__main__":
    main()
