"""How the page without a server looks and is used on a phone, in the dark, by keyboard; and the mirror."""

import pytest

from tests.browser.conftest import (
    DESKTOP,
    PHONE,
    RESULT_MS,
    SERVER,
    Visit,
    open_site,
    playwright,
    visiting,
    wait_until,
)
from tests.browser.test_tabs import serious_faults
from tests.serving import serve

CAMERA = {"permissions": ["camera"]}
FAILING = """fault => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", fault); };
}"""
NOTING_CAMERAS = """() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.cameras = [];
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        window.cameras.push(stream.getVideoTracks()[0].getSettings().deviceId);
        return stream;
    };
}"""
SLOW_CAMERA = """() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const opened = new Promise(resolve => { window.openCamera = resolve; });
    navigator.mediaDevices.getUserMedia = async (wanted) => { await opened; return ask(wanted); };
}"""
HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def screenshot(visit: Visit, name: str) -> None:
    visit.screenshot(f"site-{name}-{visit.page.viewport_size['width']}")


@pytest.mark.parametrize(
    "site_visit",
    [DESKTOP, PHONE, DESKTOP | {"color_scheme": "dark"}, PHONE | {"color_scheme": "dark"}],
    indirect=True,
    ids=["desktop", "phone", "dark", "dark-phone"],
)
def test_every_view_fits_its_screen_and_axe_finds_nothing_serious(site_visit):
    page = site_visit.page
    open_site(site_visit, "?operation=quantise&strength=3")
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    for tab in ("explore", "mirror", "learn"):
        page.locator(f"#tabs [data-tab={tab}]").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_faults(site_visit) == ""
        screenshot(site_visit, tab)
        if tab == "explore":
            for part in ("#reconstruction canvas", "#layer", "#card-psnr .figure"):
                box = page.locator(part).bounding_box()
                assert box["y"] + box["height"] <= height, part


def test_pixels_are_shown_twice_their_size_without_smoothing(site_visit):
    open_site(site_visit)
    for picture in site_visit.page.locator("#original canvas, #reconstruction canvas").all():
        assert picture.evaluate("e => [e.clientWidth, e.clientHeight]") == [448, 448]
        assert picture.evaluate("e => getComputedStyle(e).imageRendering") == "pixelated"


def test_every_control_is_reached_by_the_tab_key(site_visit):
    open_site(site_visit)
    wanted, reached = (
        {"copy-link", "file", "camera", "layer", "architecture", "decoder", "operation", "rank"},
        set(),
    )
    for _ in range(40):
        site_visit.page.keyboard.press("Tab")
        reached.add(site_visit.page.evaluate("document.activeElement.id"))
    assert wanted <= reached


@pytest.mark.parametrize("site_visit", [DESKTOP | CAMERA], indirect=True)
def test_a_photo_is_taken_with_one_of_two_cameras(site_visit):
    video = "document.querySelector('#viewfinder video')"
    camera = f"{video}.srcObject?.getVideoTracks()[0].getSettings().deviceId"
    open_site(site_visit)
    before = site_visit.psnr()
    site_visit.page.locator("#camera").click()
    wait_until(site_visit, camera)
    first = site_visit.page.evaluate(camera)
    site_visit.page.evaluate(SLOW_CAMERA)
    site_visit.page.get_by_role("button", name="Other camera").click()
    playwright.expect(site_visit.page.locator("#shoot")).to_be_disabled()
    site_visit.page.evaluate("window.openCamera()")
    wait_until(site_visit, f"first => {camera} && {camera} !== first", first)
    site_visit.page.locator("#shoot").click()
    wait_until(site_visit, f"+document.querySelector('#card-psnr b').innerText != {before}")
    assert "example=" not in site_visit.page.url
    assert site_visit.page.evaluate(f"{video}.srcObject") is None


@pytest.mark.parametrize("site_visit", [DESKTOP | CAMERA], indirect=True)
def test_the_mirror_draws_the_camera_pauses_when_hidden_and_stops(site_visit):
    page = site_visit.page
    open_site(site_visit)
    page.evaluate(NOTING_CAMERAS)
    page.locator("#tabs [data-tab=mirror]").click()
    page.locator("#mirror-on").click()
    playwright.expect(page.locator("#rate")).to_contain_text("frames a second", timeout=RESULT_MS)
    page.evaluate(HIDDEN, True)
    site_visit.expect_text("#mirror-said", "Paused")
    page.wait_for_timeout(1500)
    picture = "document.querySelector('#live').toDataURL()"
    paused = page.evaluate(picture)
    page.wait_for_timeout(1500)
    assert page.evaluate(picture) == paused
    page.evaluate(HIDDEN, False)
    wait_until(site_visit, f"old => {picture} !== old", paused)
    before = page.evaluate("window.cameras")
    page.locator("#mirror-turn").click()
    wait_until(site_visit, "window.cameras.length === 2")
    assert len(before) == 1 and len(set(page.evaluate("window.cameras"))) == 2
    drawn = page.evaluate(picture)
    wait_until(site_visit, f"old => {picture} !== old", drawn)
    page.locator("#whole-screen").click()
    wait_until(site_visit, "document.fullscreenElement?.id === 'stage'")
    page.evaluate("document.exitFullscreen()")
    page.locator("#mirror-on").click()
    site_visit.expect_text("#mirror-on", "Start the camera")
    assert site_visit.complaints == site_visit.foreign == []


def test_a_slow_device_gets_the_linear_map_and_then_shallower_layers(site_visit):
    open_site(site_visit)
    steps = site_visit.page.evaluate(
        """async () => {
            const { cheaperView } = await import("./static/mirror.js");
            const site = await (await fetch("site.json")).json();
            const first = { layer: "conv3", decoder: "pixel_shuffle", weights: "imagenet" };
            let view = { architecture: "alexnet", ...first };
            const found = [];
            for (let next = cheaperView(site, view); next; next = cheaperView(site, view)) {
                view = { ...view, ...next };
                found.push(`${view.layer} ${view.decoder}`);
            }
            return found;
        }"""
    )
    assert steps == ["conv3 linear", "conv2 linear", "conv1 linear"]


@pytest.mark.parametrize(
    "fault, sentence",
    [("NotFoundError", "No camera was found"), ("NotAllowedError", "allow it in the address bar")],
)
def test_without_a_camera_a_sentence_says_why(site_visit, fault, sentence):
    open_site(site_visit)
    site_visit.page.evaluate(FAILING, fault)
    site_visit.page.locator("#camera").click()
    site_visit.expect_text("#message", sentence)
    site_visit.page.locator("#tabs [data-tab=mirror]").click()
    site_visit.page.locator("#mirror-on").click()
    site_visit.expect_text("#message", sentence)
    site_visit.expect_text("#mirror-on", "Start the camera")


def test_the_servers_page_has_the_mirror_as_a_tab_and_no_camera_beside_it(
    site, site_visit, chromium, tmp_path
):
    site_visit.page.goto(f"{site.address}?tab=mirror&architecture=alexnet&layer=conv2")
    link = site_visit.page.locator(f"#server[href^='{SERVER}?'][href*='layer=conv2']").get_attribute("href")
    with (
        serve(tmp_path / "app.log", EXPLORER_SITE=str(site.folder)) as server,
        visiting(chromium, server.address, **DESKTOP | CAMERA) as visit,
    ):
        visit.page.goto(link.replace(SERVER, server.address))
        framed = visit.page.frame_locator("#mirror-frame iframe")
        framed.locator("#mirror-on").click(timeout=RESULT_MS)
        framed.locator("#rate", has_text="frames a second").wait_for(timeout=RESULT_MS)
        assert framed.locator("#layer-about").inner_text().startswith("conv2")
        visit.choose("layer", "conv4")
        framed.locator("#layer-about", has_text="conv4").wait_for(timeout=RESULT_MS)
        assert framed.locator("#mirror-on").inner_text() == "Stop the camera"
        visit.page.locator("#tab-explore-button").click()
        visit.page.wait_for_function("document.querySelector('#mirror-frame iframe').src === 'about:blank'")
        assert (visit.foreign, visit.complaints) == ([], [])
