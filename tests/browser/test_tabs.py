"""Compare and Surgery as a visitor uses them, permalinks, and what axe-core says of every tab."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import PHONE, RESULT_MS, playwright, visiting
from tests.browser.test_explore import CAT, picture, texts
from tests.serving import ROOT

TABS = ["explore", "depth", "compare", "surgery", "ensemble", "recover", "results", "learn"]
PICTURE = {
    "explore": "#mosaic img",
    "depth": "#depth-plot .js-plotly-plot",
    "compare": "#compare-difference img",
    "surgery": "#surgery-curve .js-plotly-plot",
    "ensemble": "#ensemble-maps img",
    "recover": "#recover-original img",
    "results": "#results-plot .js-plotly-plot",
    "learn": "#tab-learn .picture img",
}
GALLERY = {"depth": "#depth-strip", "ensemble": "#ensemble-maps"}
FEW_RESULTS = "only_decoder=wavelet"  # axe-core takes seconds for a table of all


@pytest.fixture(scope="module")
def explored(server, chromium):
    """A page with one result, for tests that do not get in each other's way."""
    with visiting(chromium, server) as visit:
        visit.open("?decoder=linear&layer=block2")
        yield visit


def open_tab(visit, tab: str, query: str = "layer=block1&decoder=linear") -> None:
    """Open the page at a tab and wait until it shows something."""
    visit.page.goto(f"{visit.address}?tab={tab}&{query}")
    visit.page.locator(PICTURE[tab]).first.wait_for(timeout=RESULT_MS)
    wait_until_idle(visit)


def wait_until_idle(visit) -> None:
    visit.page.wait_for_function("!document.querySelector('#message .busy')", timeout=RESULT_MS)


def wait_for_another_picture(visit, selector: str, before: str) -> None:
    visit.page.wait_for_function(
        "([selector, old]) => ![null, undefined, old].includes("
        "[...document.querySelectorAll(`${selector} img`)].at(-1)?.getAttribute('src'))",
        arg=[selector, before],
        timeout=RESULT_MS,
    )


def drag(visit, selector: str, key: str, times: int = 1) -> None:
    """Move a slider by keyboard."""
    visit.page.locator(f"{selector} input[type=range]").focus()
    for _ in range(times):
        visit.page.keyboard.press(key)


def captions_below_their_pictures(visit, selector: str) -> int:
    """How many pictures of a gallery have a caption below them that is not cut off."""
    return visit.page.locator(f"{selector} button").evaluate_all(
        """buttons => buttons.filter(button => {
            const [picture, caption] = [button.querySelector("img"), button.querySelector(".caption-label")]
                .map(part => part.getBoundingClientRect());
            const bottom = button.getBoundingClientRect().bottom;
            return caption.top >= picture.bottom - 1 && caption.bottom <= bottom + 1;
        }).length"""
    )


def test_compare_says_who_wins(visit, explorer):
    open_tab(visit, "compare", "decoder=linear&layer=block3&b_decoder=linear&b_layer=block1&example=cat")
    verdict = visit.page.locator("#verdict tbody tr").first.inner_text().split()
    a, b = (explorer.reconstruct(CAT, layer=x, decoder="linear").metrics.psnr for x in ("block3", "block1"))
    assert verdict[0] == "PSNR"
    assert float(verdict[1]) == pytest.approx(a, abs=0.02)
    assert float(verdict[3]) == pytest.approx(b, abs=0.02)
    assert verdict[5] == "B"
    before = picture(visit, "#compare-b")
    visit.choose("b_layer", "block2")
    wait_for_another_picture(visit, "#compare-b", before)
    wait_until_idle(visit)
    assert "b_layer=block2" in visit.page.url
    visit.screenshot("compare")


def test_all_pictures_are_zoomed_together(visit):
    open_tab(visit, "compare")
    drag(visit, "#zoom", "ArrowRight", 4)
    pictures = visit.page.locator("#four .zoomable img")
    visit.page.locator("#four .zoomable .image-frame").first.hover(position={"x": 10, "y": 10})
    shown = {image.evaluate("e => getComputedStyle(e).transform") for image in pictures.all()}
    assert pictures.count() == 4
    assert shown == {"matrix(3, 0, 0, 3, 0, 0)"}


def test_one_way_is_tried_on_several_photos(visit, tmp_path):
    open_tab(visit, "compare")
    visit.page.get_by_label("One way, several photos").check()
    visit.page.wait_for_function("document.querySelectorAll('#compare-gallery img').length === 12")
    words = tmp_path / "words.jpg"
    words.write_text("no picture " * 20)
    files = [*(ROOT / "assets" / "examples" / name for name in ("cat.jpg", "rocket.jpg")), words]
    visit.page.locator("#compare-files input[type=file]").set_input_files(files)
    visit.page.wait_for_function(
        "document.querySelectorAll('#compare-gallery img').length === 4", timeout=RESULT_MS
    )
    names = visit.page.locator("#verdict tbody th").all_inner_texts()
    assert names == ["cat.jpg", "rocket.jpg"]
    visit.expect_text("#compare [role=alert]", "words.jpg")
    gallery = visit.page.locator("#compare-gallery").bounding_box()
    last = visit.page.locator("#compare-gallery button").last.bounding_box()
    assert last["y"] + last["height"] <= gallery["y"] + gallery["height"] + 1
    wait_until_idle(visit)
    assert "own=photos" in visit.page.url
    visit.screenshot("compare-photos")


def test_surgery_follows_its_slider_and_takes_channels_from_a_second_photo(visit):
    open_tab(visit, "surgery", "decoder=linear&layer=block2&operation=quantise&strength=8")
    untouched, after = picture(visit, "#surgery-before"), picture(visit, "#surgery-after")
    drag(visit, "#strength", "ArrowLeft", 6)
    wait_for_another_picture(visit, "#surgery-after", after)
    visit.page.wait_for_function("location.search.includes('strength=2')", timeout=RESULT_MS)
    wait_until_idle(visit)
    before_after = visit.page.locator("#surgery-figures tbody tr").first.inner_text().split()
    assert float(before_after[-1]) < float(before_after[-2]) - 1
    assert picture(visit, "#surgery-before") == untouched
    visit.screenshot("surgery")

    visit.choose("operation", "Mix up")
    visit.page.wait_for_function("location.search.includes('operation=shuffle')", timeout=RESULT_MS)
    shown = visit.page.locator("#strength input[type=number]").input_value()
    assert float(parse_qs(urlsplit(visit.page.url).query)["strength"][0]) == float(shown)
    wait_until_idle(visit)

    assert not visit.page.locator("#other-photo").is_visible()
    after = picture(visit, "#surgery-after")
    visit.choose("operation", "Swap with a second photo")
    visit.page.locator("#other-photo img").wait_for()
    wait_for_another_picture(visit, "#surgery-after", after)
    visit.expect_text("#surgery-figures", "Touched: 64 of 128 channels")


def test_surgery_erases_what_is_painted(visit):
    open_tab(visit, "surgery", "decoder=linear&layer=block2")
    visit.choose("operation", "Erase a region")
    visit.expect_text("#surgery-figures", "paint over the region")
    canvas = visit.page.locator("#painting canvas").first
    canvas.wait_for()
    visit.page.wait_for_timeout(1500)
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x - 40, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 40, y + 10, steps=8)
    visit.page.mouse.up()
    visit.expect_text("#surgery-figures", "Touched: 128 of 128 channels")
    assert int(texts(visit, "#surgery-figures").split(" at ")[1].split()[0]) < 56 * 56 / 2
    visit.screenshot("surgery-mask")


def serious_faults(visit) -> str:
    """What axe-core calls serious or critical on the page; empty if there is nothing."""
    found = [
        f"{rule['id']}: {node['html'][:160]}"
        for rule in Axe().run(visit.page).response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    return "\n".join(found)


@pytest.mark.parametrize("tab", TABS)
def test_a_link_restores_the_view_and_axe_finds_nothing_serious_in_it(visit, tab):
    open_tab(visit, tab, f"decoder=linear&layer=block2&example=coffee&{FEW_RESULTS}")
    asked = parse_qs(urlsplit(visit.page.url).query)
    assert (asked["tab"], asked["layer"], asked["example"]) == ([tab], ["block2"], ["coffee"])
    assert visit.page.locator(f"#tab-{tab}-button").get_attribute("aria-selected") == "true"
    assert visit.page.locator("#layer input").input_value().startswith("block2")
    assert "coffee" in picture(visit, "#photo")
    visit.screenshot(f"{tab}-1440")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert not serious_faults(visit)
    assert (visit.foreign, visit.complaints) == ([], [])


@pytest.mark.parametrize("visit", [PHONE | {"color_scheme": "dark"}], indirect=True, ids=["phone"])
def test_tabs_fit_a_dark_phone_and_axe_finds_nothing_serious_in_them(visit):
    open_tab(visit, TABS[0], FEW_RESULTS)
    for tab in TABS:
        if tab != TABS[0]:
            visit.page.evaluate("tab => document.getElementById(`tab-${tab}-button`).click()", tab)
        visit.page.locator(PICTURE[tab]).first.wait_for(timeout=RESULT_MS)
        visit.page.wait_for_function("tab => location.search.includes(`tab=${tab}`)", arg=tab)
        wait_until_idle(visit)
        visit.screenshot(f"{tab}-390")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390, tab
        selectors = visit.page.locator(f"#tab-{tab} input[role=combobox]:visible")
        narrowest = min([selector.bounding_box()["width"] for selector in selectors.all()], default=390)
        assert narrowest >= 80, f"a selector of {tab} cannot be read"
        if tab in GALLERY:
            shown = visit.page.locator(f"{GALLERY[tab]} img").count()
            assert captions_below_their_pictures(visit, GALLERY[tab]) == shown > 3
        assert not serious_faults(visit), tab
    assert (visit.foreign, visit.complaints) == ([], [])


def test_what_the_link_asks_wrongly_is_left_out(visit):
    open_tab(visit, "surgery", "operation=explode&strength=many&layer=block2&decoder=linear")
    assert visit.page.locator("#operation input").input_value() == "Round the numbers"
    assert visit.page.get_by_role("alert").count() == 0


def test_preferences_are_kept_in_the_browser(visit):
    visit.open("?decoder=linear&layer=block2")
    visit.choose("scale", "Grey")
    kept = "localStorage.getItem('feature-inversion-explorer')"
    visit.page.wait_for_function(f"{kept}?.length > 0")
    before = visit.page.evaluate(kept)
    visit.page.get_by_label("Smooth").check()
    visit.page.wait_for_function(f"before => {kept} !== before", arg=before)
    visit.page.wait_for_timeout(1000)
    assert visit.page.get_by_label("Smooth").is_checked()
    visit.open("?decoder=linear&layer=block1")
    playwright.expect(visit.page.get_by_label("Smooth")).to_be_checked(timeout=RESULT_MS)
    playwright.expect(visit.page.locator("#scale input")).to_have_value("Grey", timeout=RESULT_MS)


def test_the_link_is_copied(explored):
    explored.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    explored.page.get_by_role("button", name="Copy link").click()
    explored.page.get_by_role("button", name="Copied").wait_for()
    copied = explored.page.evaluate("navigator.clipboard.readText()")
    assert copied == explored.page.url
    assert "layer=block2" in copied and "tab=explore" in copied


def test_a_channel_is_seen_over_the_photo_and_back(explored):
    mosaic = picture(explored, "#mosaic")
    explored.page.locator("#mosaic").scroll_into_view_if_needed()
    explored.page.wait_for_function("document.querySelector('#mosaic img').naturalWidth > 0")  # loaded lazily
    explored.page.locator("#mosaic img").click(position={"x": 20, "y": 20})
    explored.page.get_by_role("heading", name=re.compile(r"^Channel \d+$")).wait_for()
    assert explored.page.get_by_label("Histogram of 3136 values").is_visible()
    assert picture(explored, "#mosaic") != mosaic
    explored.page.locator("#channel-pictures img").nth(4).wait_for(timeout=RESULT_MS)
    assert "What it adds, ×" in texts(explored, "#channel-pictures")
    explored.page.locator("#all-channels").click()
    explored.page.locator("#channel").wait_for(state="hidden", timeout=RESULT_MS)
    explored.expect_text("#features-text", "1–64, strongest first")
    explored.choose("scale", "Magma")
    wait_for_another_picture(explored, "#mosaic", mosaic)


def test_everything_can_be_downloaded_at_once(explored):
    explored.page.locator("#download:not([disabled])").wait_for(timeout=RESULT_MS)
    with explored.page.expect_download() as download:
        explored.page.locator("#download").click()
    assert download.value.suggested_filename == "vgg16-block2-linear-mse-imagenet.zip"
    assert Path(download.value.path()).stat().st_size > 100_000


def test_what_cannot_be_shown_is_listed_without_a_command_line(explored):
    explored.unfold()
    explored.page.get_by_text("Not on offer").click()
    listed = texts(explored, "#missing")
    assert "Nobody has trained these decoders" in listed and "Attention" in listed
    assert "python" not in listed
