"""The page without a server where the browser gives it a graphics card."""

import json

import pytest

from explorer.browser.probe import probe
from tests.browser.conftest import DESKTOP, RESULT_MS, open_site, system_chromium, visiting
from tests.browser.test_site import expect_alert


@pytest.fixture(scope="module")
def graphics_chromium(chromium):
    """A Chromium that gives its pages a graphics card, which the processor plays."""
    card = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
    browser = chromium.browser_type.launch(executable_path=system_chromium(), args=["--no-sandbox", *card])
    yield browser
    browser.close()


@pytest.fixture
def graphics_visit(site, graphics_chromium):
    site.instead.clear()
    with visiting(graphics_chromium, site.address, **DESKTOP | {"service_workers": "block"}) as visit:
        yield visit


def with_probe(site, explorer, error: float = 0) -> None:
    """Let the page probe AlexNet at its first layer, as that graphics card is slow; with a wrong answer."""
    known, found = (
        json.loads((site.folder / "site.json").read_text()),
        probe("alexnet", "imagenet", "conv1", explorer),
    )
    found["features"][5] += error
    known["probes"]["alexnet-imagenet"] = found
    site.instead["/site.json"] = json.dumps(known).encode()


def test_a_graphics_card_that_is_right_about_the_probe_gives_the_same_figures(graphics_visit, site, explorer):
    with_probe(site, explorer)
    open_site(graphics_visit, "?example=cat&layer=conv1&decoder=linear&loss=mse")
    before = graphics_visit.psnr()
    graphics_visit.page.locator("#graphics").check(timeout=RESULT_MS)
    graphics_visit.expect_text("#result-title", "with this device’s graphics card")
    assert graphics_visit.psnr() == pytest.approx(before, abs=0.02)
    graphics_visit.page.locator("#graphics").uncheck(timeout=RESULT_MS)
    graphics_visit.expect_text("#result-title", "in this browser")
    assert graphics_visit.foreign == []


def test_a_graphics_card_that_is_wrong_about_the_probe_is_not_used(graphics_visit, site, explorer):
    with_probe(site, explorer, error=1.0)
    open_site(graphics_visit, "?example=cat&layer=conv1&decoder=linear&loss=mse")
    graphics_visit.page.locator("#graphics").check(timeout=RESULT_MS)
    expect_alert(graphics_visit, "answered a stored probe wrongly: the processor goes on")
    assert not graphics_visit.page.locator("#graphics").is_checked()
    assert "in this browser" in graphics_visit.page.locator("#result-title").inner_text()


def test_a_runtime_for_the_graphics_card_that_does_not_come_is_no_wrong_answer(
    graphics_visit, site, explorer
):
    with_probe(site, explorer)
    site.instead["/graphics/ort.webgpu.min.mjs"] = None
    open_site(graphics_visit, "?example=cat&layer=conv1&decoder=linear&loss=mse")
    graphics_visit.page.locator("#graphics").click(timeout=RESULT_MS)
    expect_alert(graphics_visit, "graphics/ort.webgpu.min.mjs could not be loaded")
    assert not graphics_visit.page.locator("#graphics").is_checked()
