"""The Explore page as a visitor uses it, in a real Chromium against a real server."""

import re

import pytest

from tests.browser.conftest import DESKTOP, PHONE, RESULT_MS, visiting
from tests.serving import ROOT

CAT = ROOT / "assets" / "examples" / "cat.jpg"
COFFEE = CAT.with_name("coffee.jpg")


@pytest.fixture(scope="module")
def opened(server, chromium):
    """A page as it opens, for tests that do not get in each other's way."""
    with visiting(chromium, server) as visit:
        visit.open()
        yield visit


def texts(visit, selector: str) -> str:
    return visit.page.locator(selector).inner_text()


def bottom(visit, selector: str) -> float:
    box = visit.page.locator(selector).bounding_box()
    return box["y"] + box["height"]


def picture(visit, selector: str) -> str:
    return visit.page.locator(f"{selector} img").last.get_attribute("src")


def wait_for_another_figure(visit, before: str) -> None:
    figure = "document.querySelector('#card-psnr b').innerText"
    visit.page.wait_for_function(
        f"old => {figure} !== old && /^[0-9]/.test({figure})", arg=before, timeout=RESULT_MS
    )


def test_the_page_opens_with_an_example_and_its_result(opened):
    assert 10 < opened.psnr() < 60
    for metric, unit in [("psnr", "dB"), ("ssim", "of 1"), ("lpips", "0 = same"), ("mse", "0 = same")]:
        card = texts(opened, f"#card-{metric}")
        assert unit in card
        assert "is better" in card
        assert opened.page.locator(f"#card-{metric} .reading").inner_text().endswith(".")
    opened.screenshot("desktop")


def test_everything_is_seen_at_1440_by_900_without_scrolling(opened):
    for part in ["#photo", "#more", "#comparison", "#dial", "#dial-stops", ".lost", "#error-map", "#mosaic"]:
        assert bottom(opened, part) <= 900, part


def test_photo_and_reconstruction_are_shown_twice_their_size_without_smoothing(opened):
    images = opened.page.locator("#comparison img")
    assert images.count() == 2
    for image in images.all():
        assert image.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [224, 224]
        assert image.evaluate("e => [e.clientWidth, e.clientHeight]") == [448, 448]
        assert image.evaluate("e => getComputedStyle(e).imageRendering") == "pixelated"
        assert image.get_attribute("src").endswith(".png")
    opened.page.get_by_label("Smooth").check()
    assert images.first.evaluate("e => getComputedStyle(e).imageRendering") == "auto"


def test_a_deeper_layer_brings_back_less(visit):
    visit.open("?decoder=linear&layer=block1")
    shallow, layers = visit.psnr(), visit.options("layer")
    assert re.fullmatch(r"block1 – 64 channels, 112×112", layers[0])
    deepest = layers[-1].split(" ")[0]
    visit.choose("layer", deepest)
    visit.expect_text("#result-title", deepest)
    assert visit.psnr() < shallow
    visit.screenshot("deeper")


def test_another_decoder_gives_another_picture(visit):
    visit.open("?layer=block1")
    decoders = visit.options("decoder")
    if len(decoders) < 2:
        pytest.skip("only one decoder is ready")
    visit.choose("decoder", decoders[1])
    visit.expect_text("#result-title", decoders[1])
    before = picture(visit, "#comparison")
    visit.choose("decoder", decoders[0])
    visit.expect_text("#result-title", decoders[0])
    assert picture(visit, "#comparison") != before


def test_the_linear_map_offers_its_one_loss_and_goes_on_saying_so(visit):
    visit.open("?decoder=linear&loss=hybrid")
    assert "one loss only: MSE" in texts(visit, "#message")
    assert visit.options("loss") == ["MSE – right pixel by pixel"]
    visit.page.wait_for_timeout(1500)  # the selector has lost the focus
    assert "one loss only: MSE" in texts(visit, "#message")


def test_feature_maps_can_be_paged_through(visit):
    visit.open("?decoder=linear&layer=block2")
    visit.expect_text("#features-text", "1–64, strongest first")
    first = picture(visit, "#mosaic")
    visit.page.locator("#next").click()
    visit.expect_text("#features-text", "65–128")
    assert visit.page.locator("#page-number input").input_value() == "2"
    assert picture(visit, "#mosaic") != first
    assert visit.page.locator("#next").is_disabled()
    visit.page.locator("#page-number input").fill("1")
    visit.page.keyboard.press("Enter")
    visit.expect_text("#features-text", "1–64, strongest first")
    assert visit.page.locator("#mosaic img").get_attribute("alt").startswith("64 of 128 feature maps")


def test_an_address_opens_what_it_names(visit):
    visit.open("?layer=block3&decoder=linear&loss=mse")
    assert "VGG16 block3" in visit.title()
    assert visit.page.locator("#layer input").input_value().startswith("block3")
    visit.open("?architecture=<script>alert(1)</script>&layer=%22%3E")
    assert visit.psnr() > 0
    assert "not ready" in texts(visit, "#message")


def test_the_divider_moves_by_keyboard(opened):
    divider = opened.page.get_by_role("slider", name="Divider between original")
    divider.focus()
    start = divider.bounding_box()["x"]
    opened.page.keyboard.press("ArrowRight")
    assert divider.bounding_box()["x"] == pytest.approx(start + 0.05 * 448, abs=2)
    opened.page.keyboard.press("Home")
    assert divider.bounding_box()["x"] == pytest.approx(start - 0.15 * 448, abs=2)
    assert divider.get_attribute("aria-valuenow") == "0"


def test_tab_goes_from_selector_to_selector_and_leaves_no_list_open(opened):
    opened.unfold()
    opened.page.locator("#architecture input").focus()
    for name in ["Layer", "Decoder"]:
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.ariaLabel") == name
    opened.page.wait_for_function("document.querySelectorAll('#controls .options').length === 1")


@pytest.mark.parametrize("visit", [DESKTOP | {"color_scheme": "dark"}, PHONE], indirect=True)
def test_dark_and_phone_pages_fit_their_screens(visit):
    visit.open()
    page = visit.page
    width = page.viewport_size["width"]
    visit.screenshot("phone" if width < 500 else "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in page.locator("#explore .block").all():
        box = part.bounding_box()
        assert box is None or box["x"] + box["width"] <= width + 1
    if width < 500:
        assert bottom(visit, "#comparison") <= page.viewport_size["height"]


def test_nothing_moves_while_a_result_is_on_its_way(visit):
    visit.page.goto(visit.address)
    visit.page.locator("#comparison").wait_for()
    parts = ["#comparison", "#dial", "#cards", "#error-map", "#mosaic", "#more"]
    before = [visit.page.locator(part).bounding_box() for part in parts]
    visit.open()
    visit.page.locator("#download:not([disabled])").wait_for(timeout=RESULT_MS)  # what comes last
    visit.page.locator("#dial-stops li").first.wait_for(timeout=RESULT_MS)
    assert [visit.page.locator(part).bounding_box() for part in parts] == before


def test_every_picture_has_a_text_and_every_control_a_name(opened):
    for image in opened.page.locator("#comparison img, #error-map img, #mosaic img, #photo img").all():
        assert image.get_attribute("alt")
    for control in opened.page.locator("#explore button, #explore input:not([type=file])").all():
        name = control.evaluate(
            "e => e.ariaLabel || e.innerText.trim() || e.closest('label')?.innerText.trim()"
        )
        inside = control.locator("img[alt]:not([alt=''])").count()
        assert name or inside, control.evaluate("e => e.outerHTML")


def test_no_other_machine_is_asked_for_anything_and_nothing_is_complained_about(visit):
    visit.open()
    visit.upload(CAT)
    visit.choose("layer", "block2")
    visit.expect_text("#result-title", "block2")
    visit.unfold()
    visit.page.get_by_text("Photo credits").click()
    visit.page.get_by_text("Stefan van der Walt").wait_for()
    assert visit.complaints == []
    visit.page.get_by_text("Use via API").click()
    visit.page.get_by_text("/reconstruct").first.wait_for()
    assert visit.foreign == []
