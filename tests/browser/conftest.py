"""Fixtures of the browser tests: one real server, one Chromium, and a page that watches what it loads."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from filelock import FileLock

from explorer.__main__ import main
from tests.serving import ROOT, serve_all
from tests.site_server import SiteServer, serve_folder

playwright = pytest.importorskip("playwright.sync_api")
ARTIFACTS = ROOT / "test-artifacts"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
FLAGS += ["--use-fake-device-for-media-stream=device-count=2", "--use-fake-ui-for-media-stream"]  # cameras
RESULT_MS = 120_000  # a slow machine with other tests beside
SERVER = "https://explorer.example"  # that the site links to; nobody goes there
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@dataclass
class Visit:
    """A page of the app as a visitor has it open, with all that it asked for and complained about."""

    page: "playwright.Page"
    address: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._heard = {"request": self._request, "pageerror": self._error, "console": self._message}
        for event, heard in self._heard.items():
            self.page.on(event, heard)

    def _request(self, request) -> None:
        url = request.url
        if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != urlsplit(self.address).netloc:
            self.foreign.append(url)

    def _error(self, error) -> None:
        self.complaints.append(str(error))

    def _message(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def leave(self) -> None:
        """Leave the page as it was before, for another visit."""
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        for event, heard in self._heard.items():
            self.page.remove_listener(event, heard)
        self.page.context.clear_permissions()
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")

    def open(self, query: str = "") -> None:
        """Open the page and wait for its first result."""
        try:
            self.page.goto(self.address + query)
        except playwright.Error as error:
            if "ERR_ABORTED" not in str(error):
                raise
            self.page.goto(self.address + query)  # the page that is left changed its address just then
        self.page.locator("#card-psnr b", has_text=".").wait_for(timeout=RESULT_MS)
        self.page.locator("#mosaic img").wait_for(timeout=RESULT_MS)

    def psnr(self) -> float:
        return float(self.page.locator("#card-psnr b").inner_text())

    def title(self) -> str:
        return self.page.locator("#result-title").inner_text()

    def unfold(self) -> None:
        """Show what is folded away, where it is."""
        more = self.page.locator("#more button[aria-expanded=false]")
        if more.is_visible():
            more.click()

    def choose(self, selector: str, text: str) -> None:
        """Pick an option by the start of its label."""
        self.unfold()
        self.page.locator(f"#{selector} input").click()
        self.page.get_by_role("option").filter(has_text=text).first.click()

    def options(self, selector: str) -> list[str]:
        self.unfold()
        self.page.locator(f"#{selector} input").click()
        self.page.get_by_role("option").first.wait_for()
        texts = self.page.get_by_role("option").all_inner_texts()
        self.page.locator("h1").click()
        self.page.get_by_role("option").first.wait_for(state="detached")
        return [text.replace("✓", "").strip() for text in texts]

    def upload(self, path: Path) -> None:
        self.page.locator("#photo input[type=file]").set_input_files(path)

    def expect_text(self, selector: str, text: str) -> None:
        playwright.expect(self.page.locator(selector)).to_contain_text(text, timeout=RESULT_MS)

    def screenshot(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


@contextmanager
def visiting(chromium, server: str, **arguments) -> Iterator[Visit]:
    """Have a page open, made with these new_page arguments; by default of 1440 x 900."""
    page = chromium.new_page(**(arguments or DESKTOP))
    yield Visit(page, server)
    page.close()


@pytest.fixture(scope="session")
def of_the_run(tmp_path_factory) -> Path:
    """A folder that all processes of a run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def server(of_the_run) -> Iterator[str]:
    """The app's address: one server for all processes of a run, as what it has computed serves them all."""
    folder = of_the_run / "server"
    own = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(folder / "hub")}
    with serve_all(folder, EXPLORER_CACHE=str(folder / "cache"), **own) as running:
        yield running.address


def system_chromium() -> str | None:
    """Return the Chromium named in CHROMIUM, else one that is installed, else None."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator["playwright.Browser"]:
    """A system Chromium if there is one (or the one named in CHROMIUM), else Playwright's own; else skip."""
    found = system_chromium()
    with playwright.sync_playwright() as driver:
        if not (found or Path(driver.chromium.executable_path).exists() or os.environ.get("CI")):
            pytest.skip("no Chromium here: install it, or run 'playwright install chromium'")
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def desktop(chromium) -> "playwright.Page":
    """A page of 1440 x 900 for one visit after the other: a new one would compile all its scripts again."""
    return chromium.new_page(**DESKTOP)


@pytest.fixture
def visit(server, chromium, desktop, request) -> Iterator[Visit]:
    """A desktop page of 1440 x 900; parametrize indirectly with new_page arguments for one of its own."""
    if arguments := getattr(request, "param", None):
        with visiting(chromium, server, **arguments) as found:
            yield found
    else:
        desktop.set_viewport_size(DESKTOP["viewport"])
        found = Visit(desktop, server)
        yield found
        found.leave()


@pytest.fixture(scope="session")
def site(of_the_run) -> Iterator[SiteServer]:
    """The site of AlexNet, served, and made once for all processes of a run; without npm they are skipped."""
    if not (shutil.which("npm") or os.environ.get("CI")):
        pytest.skip("no npm here: install Node.js")
    folder = of_the_run / "site"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            assert main(["site", "--out", str(folder), "--networks", "alexnet", "--server", SERVER]) == 0
    with serve_folder(folder) as server:
        yield server


@pytest.fixture(scope="session")
def site_page(chromium) -> "playwright.Page":
    """A page of 1440 x 900 for one visit of the site after the other: it compiles the runtime once."""
    return chromium.new_context(**DESKTOP).new_page()


@pytest.fixture
def site_visit(site, chromium, site_page, request) -> Iterator[Visit]:
    """A page of the site; parametrize indirectly with new_context arguments for a browser without a past."""
    site.asked.clear()
    site.instead.clear()
    if arguments := getattr(request, "param", None):
        context = chromium.new_context(**arguments)
        yield Visit(context.new_page(), site.address)
        context.close()
    else:
        found = Visit(site_page, site.address)
        yield found
        found.leave()


def open_site(visit: Visit, query: str = "") -> None:
    """Open a page of the site and wait for all of its first answer."""
    visit.page.goto(visit.address + query)
    visit.page.locator("#card-lpips b", has_text=".").wait_for(timeout=RESULT_MS)


def wait_until(visit: Visit, script: str, argument=None) -> None:
    """Wait until a script's value is true; Playwright's own wait needs eval, which the site forbids."""
    deadline = time.monotonic() + RESULT_MS / 1000
    while not visit.page.evaluate(script, argument):
        assert time.monotonic() < deadline, f"never true: {script}"
        visit.page.wait_for_timeout(50)
