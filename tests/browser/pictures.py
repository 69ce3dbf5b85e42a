"""Make the README's pictures from the running app: `python -m tests.browser.pictures`."""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, RESULT_MS, system_chromium
from tests.serving import ROOT, serve

ASSETS = ROOT / "assets"
SIZE = {"width": 1440, "height": 900}
SHOTS = {
    "screenshot.png": ("?decoder=pixel_shuffle&layer=block3&loss=mse&example=cat", "#mosaic img"),
    "screenshot-surgery.png": (
        "?tab=surgery&decoder=pixel_shuffle&layer=block2&loss=mse&example=pagoda&strength=1",
        "#surgery-curve .js-plotly-plot",
    ),
}
DEPTH = "?tab=depth&decoder=pixel_shuffle&loss=mse&example=cat"
GIF_WIDTH, GIF_MS = 960, 1100


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder) / "app.log") as server,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=system_chromium(), args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        for name, (query, part) in SHOTS.items():
            show(page, server.address + query, part)
            page.screenshot(path=ASSETS / name)
        show(page, server.address + DEPTH, "#depth-plot .js-plotly-plot")
        save_gif([frame(page, depth) for depth in range(1, 6)], ASSETS / "depth.gif")
        browser.close()


def show(page: Page, address: str, part: str) -> None:
    page.goto(address)
    page.locator(part).first.wait_for(timeout=RESULT_MS)
    page.wait_for_function("!document.querySelector('#message .busy')", timeout=RESULT_MS)
    page.wait_for_timeout(2000)


def frame(page: Page, depth: int) -> Image.Image:
    """Return the page with the Depth tab's slider at `depth`."""
    if depth > 1:
        page.locator("#depth-slider input[type=range]").focus()
        page.keyboard.press("ArrowRight")
    page.locator("#depth-title", has_text=f"depth {depth} of").wait_for(timeout=RESULT_MS)
    page.wait_for_timeout(700)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save_gif(frames: list[Image.Image], path: Path) -> None:
    height = round(GIF_WIDTH * SIZE["height"] / SIZE["width"])
    small = [x.resize((GIF_WIDTH, height), Image.Resampling.LANCZOS).quantize(128) for x in frames]
    small[0].save(path, save_all=True, append_images=small[1:], duration=GIF_MS, loop=0)


if __name__ == "__main__":
    main()
