"""Make the README's picture from the running app: `python -m tests.browser.pictures`."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, RESULT_MS, system_chromium
from tests.serving import ROOT, serve

PICTURE = ROOT / "assets" / "screenshot.png"
SIZE = {"width": 1440, "height": 900}
QUERY = "?example=cat"  # and what the page opens with


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder) / "app.log") as server,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=system_chromium(), args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.goto(server.address + QUERY)
        page.locator("#mosaic img").first.wait_for(timeout=RESULT_MS)
        page.locator("#standing", has_text="%").wait_for(timeout=RESULT_MS)
        page.locator("#download:not([disabled])").wait_for(timeout=RESULT_MS)
        page.wait_for_timeout(2000)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
