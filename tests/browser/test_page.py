"""The page around the tabs: links, the way back, a visitor's own photo, keyboards, and other screens."""

import re

import pytest
from PIL import Image

from explorer.photos.photo import read_photo
from explorer.ui.texts.lesson import STEPS
from tests.browser.conftest import DESKTOP, PHONE, RESULT_MS, playwright, visiting
from tests.browser.test_explore import CAT, bottom, picture, texts
from tests.browser.test_learn import box, open_lesson, shows
from tests.browser.test_results import open_results
from tests.browser.test_tabs import wait_until_idle

ZOOMED = {"viewport": {"width": 720, "height": 450}}  # 1440 x 900 at 200 %
PROJECTOR = {"viewport": {"width": 1920, "height": 1080}}


def wait_for_address(visit, part: str) -> None:
    visit.page.wait_for_function("part => location.search.includes(part)", arg=part, timeout=RESULT_MS)


def test_a_link_to_a_step_alone_opens_it_as_it_begins(visit):
    open_lesson(visit, "?tab=learn&step=4")
    shows(visit, 4)
    assert visit.page.locator("#decoder input").input_value() == "Pixel shuffle"
    assert f"example={STEPS[3].example}" in visit.page.url
    assert visit.page.locator("#learn-looks input:checked").count() == 1


def test_an_own_photo_stays_in_the_lesson_and_over_a_reload_and_a_link_says_that_it_lacks_it(
    visit, chromium, tmp_path
):
    Image.open(CAT).rotate(180).save(tmp_path / "mine.png")
    open_lesson(visit)
    visit.upload(tmp_path / "mine.png")
    wait_for_address(visit, "own=photo")
    visit.page.locator("#learn-next").click()
    shows(visit, 2)
    assert picture(visit, "#photo").endswith("mine.png")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.page.locator("#copy-link").click()
    visit.page.get_by_role("button", name="Copied, without your photo").wait_for()
    visit.page.reload()
    shows(visit, 2)
    assert picture(visit, "#photo").endswith("mine.png")
    assert not visit.page.get_by_text("A link does not hold").is_visible()
    with visiting(chromium, visit.address) as other:
        other.page.goto(visit.page.url)
        other.expect_text("#message", "A link does not hold what it was made with: your photo.")


def test_the_frame_over_an_own_photo_moves_by_pointer_and_keys_and_stays_over_a_reload(
    visit, explorer, tmp_path
):
    tall = Image.open(CAT).rotate(90, expand=True)
    tall.save(tmp_path / "tall.png")
    visit.open("?layer=block3&decoder=linear&loss=mse")

    def psnr_at(*at: float) -> float:
        found = explorer.reconstruct(read_photo(tall, at), layer="block3", decoder="linear", loss="mse")
        return found.metrics.psnr

    frame = visit.page.locator(".crop-frame")
    assert frame.get_attribute("role") is None  # an example stays as its figures are known
    visit.upload(tmp_path / "tall.png")
    wait_for_address(visit, "own=photo")
    wait_until_idle(visit)
    centre = visit.psnr()
    place = frame.bounding_box()
    assert place["width"] == pytest.approx(place["height"])
    visit.page.mouse.move(place["x"] + 9, place["y"] + 9)
    visit.page.mouse.down()
    visit.page.mouse.move(place["x"] + 9, place["y"] - 300, steps=3)
    visit.page.mouse.up()
    visit.page.wait_for_function(f"+document.querySelector('#card-psnr b').innerText != {centre}")
    wait_until_idle(visit)
    assert visit.psnr() == pytest.approx(psnr_at(0.5, 0), abs=0.006)
    visit.page.reload()
    visit.page.locator(".crop-frame[aria-valuetext*=' 0 % of the way down']").wait_for(timeout=RESULT_MS)
    wait_until_idle(visit)
    assert visit.psnr() == pytest.approx(psnr_at(0.5, 0), abs=0.006)
    frame.focus()
    visit.page.keyboard.press("ArrowDown")
    visit.page.keyboard.press("ArrowDown")
    visit.page.locator("#crop [data-y='0.1']").wait_for(state="attached", timeout=RESULT_MS)
    wait_until_idle(visit)
    assert visit.psnr() == pytest.approx(psnr_at(0.5, 0.1), abs=0.006)


def test_the_photo_that_is_shown_taken_again_after_an_error_ends_what_was_said_of_it(visit, tmp_path):
    Image.open(CAT).rotate(180).save(tmp_path / "mine.png")
    (tmp_path / "broken.png").write_bytes(b"no photo")
    visit.open("?decoder=linear&loss=mse")
    visit.upload(tmp_path / "mine.png")
    wait_for_address(visit, "own=photo")
    wait_until_idle(visit)
    visit.upload(tmp_path / "broken.png")
    visit.expect_text("#message", "The photo before it is still shown.")
    visit.upload(tmp_path / "mine.png")
    visit.page.wait_for_function("!document.querySelector('#message').innerText.trim()")
    wait_until_idle(visit)
    assert picture(visit, "#photo").endswith("mine.png")


def test_back_and_forward_go_from_step_to_step_and_from_tab_to_tab(visit):
    open_lesson(visit)
    shows(visit, 1)
    visit.page.locator("#learn-next").click()
    shows(visit, 2)
    visit.page.locator("#tab-depth-button").click()
    wait_for_address(visit, "tab=depth")
    wait_until_idle(visit)
    visit.page.go_back()
    shows(visit, 2)
    assert visit.page.locator("#tab-learn-button").get_attribute("aria-selected") == "true"
    visit.page.go_back()
    shows(visit, 1)
    visit.page.go_forward()
    shows(visit, 2)


def test_the_bars_of_published_figures_stay_when_the_address_and_the_window_change(visit):
    open_results(visit)
    visit.choose("only_loss", "MSE")
    wait_for_address(visit, "only_loss=mse")
    visit.page.set_viewport_size({"width": 1300, "height": 900})
    visit.page.wait_for_timeout(1500)
    fills = visit.page.locator("#published-plot .bars path").evaluate_all("x => x.map(e => e.style.fill)")
    patterned = [fill for fill in fills if "url(" in fill]
    here = visit.page.evaluate("location.href")
    assert patterned and all(f'"{here}#' in fill for fill in patterned)


def test_a_row_of_an_ensemble_is_opened_where_it_is_clicked(visit):
    open_results(visit, "rows=all&example=coffee&only_architecture=dinov2_small&only_decoder=pixel_shuffle")
    row = visit.page.locator("#results-table tbody tr:not([data-name])").first
    assert row.bounding_box()["height"] < 40
    row.locator("td").nth(6).click()
    visit.page.wait_for_url(re.compile("tab=ensemble"))
    visit.expect_text("#ensemble-brought", "DINOv2")
    assert "example=coffee" in visit.page.url
    assert not visit.page.locator("#layer").is_visible()  # it does nothing there


def test_the_dial_shows_another_depth_at_once_and_the_answer_follows(visit):
    visit.open()
    visit.page.locator("#dial-stops [data-picture$=png]").first.wait_for(state="attached", timeout=RESULT_MS)
    assert "not sure of the original" not in texts(visit, "#agreement")
    before = picture(visit, "#comparison")
    visit.page.evaluate(
        """new MutationObserver(() => {
            window.faded ||= document.querySelector("#comparison .fading") !== null;
        }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["class"] })"""
    )
    visit.page.locator("#dial input[type=range]").focus()
    visit.page.keyboard.press("End")
    shown = picture(visit, "#comparison")
    assert shown != before
    visit.page.wait_for_function(
        "document.querySelector('#message .busy') && document.querySelector('.picture.previewed')"
    )
    visit.expect_text("#result-title", "VGG16 block5")
    wait_for_address(visit, "layer=block5")
    wait_until_idle(visit)
    assert picture(visit, "#comparison") == shown
    assert visit.page.evaluate("window.faded")
    playwright.expect(visit.page.locator("#comparison img")).to_have_count(2)  # one has faded away
    assert visit.page.locator("#layer input").input_value().startswith("block5")
    visit.expect_text("#lost", "look longer")
    assert not visit.page.locator("#layer").is_visible()
    visit.unfold()
    assert visit.page.locator("#layer").is_visible() and visit.page.locator("#card-ssim").is_visible()


def test_the_network_under_the_dial_frames_what_a_position_sees_and_chooses_layers(visit):
    visit.open("?layer=block2&decoder=linear&loss=mse")
    visit.page.locator("#dial-stops li").last.wait_for(timeout=RESULT_MS)
    visit.expect_text("#dial-stops .sees.now", "each sees 16×16")
    visit.page.locator("#dial-stops li i").nth(3).hover()
    whole, seen = box(visit, "#comparison .field"), box(visit, "#comparison .field i:first-child")
    assert seen["width"] / whole["width"] == pytest.approx(100 / 224, abs=0.01)
    assert box(visit, "#comparison .field i:last-child")["width"] == pytest.approx(whole["width"] / 14, abs=1)
    visit.page.locator("#dial-stops li i").nth(3).click()
    visit.expect_text("#result-title", "VGG16 block4")
    visit.page.locator("h1").hover()
    assert visit.page.locator("#comparison .field").count() == 0


def test_what_was_unfolded_is_unfolded_after_a_reload(visit):
    visit.open("?decoder=linear&layer=block1&loss=mse")
    visit.unfold()
    visit.page.reload()
    visit.page.locator("#layer").wait_for(timeout=RESULT_MS)


def test_an_exhibit_shows_no_controls_and_begins_again_when_nobody_is_there(visit):
    visit.open("?exhibit=1&idle=10&layer=block1&decoder=linear&loss=mse&example=coffee")
    wait_until_idle(visit)
    for part in ("#photo", "#more", "#copy-link", "#present", "#cite"):
        assert not visit.page.locator(part).is_visible(), part
    assert box(visit, "#comparison")["x"] < 200  # it has the room of the controls
    visit.page.locator("#examples .gallery-item").nth(0).click()
    wait_for_address(visit, "example=cat")
    assert "exhibit=1&idle=10" in visit.page.url
    assert visit.page.evaluate("Boolean(document.fullscreenElement)")
    wait_for_address(visit, "example=coffee")
    wait_until_idle(visit)
    assert not visit.page.locator("#photo").is_visible()


def test_a_keyboard_reaches_the_tabs_first_and_opens_a_feature_map_and_the_result_is_told(visit):
    visit.open("?decoder=linear&layer=block2")
    wait_until_idle(visit)
    focused = "document.activeElement.id || document.activeElement.className"
    stops = []
    for key in ("Tab", "Tab", "ArrowRight"):
        visit.page.keyboard.press(key)
        stops.append(visit.page.evaluate(focused))
    assert stops == ["skip", "tab-explore-button", "tab-depth-button"]
    wait_for_address(visit, "tab=depth")
    visit.expect_text(
        "#said", "VGG16 block2, depth 2 of 5, Linear map · MSE loss · 56×56 places × 128 channels"
    )
    visit.page.keyboard.press("ArrowLeft")
    wait_for_address(visit, "tab=explore")
    wait_until_idle(visit)
    visit.page.locator("#mosaic button:has(> .image-frame)").focus()
    visit.page.wait_for_function("document.querySelector('#mosaic img').naturalWidth > 0")
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        visit.page.keyboard.press(key)
    visit.page.get_by_role("heading", name=re.compile(r"^Channel \d")).wait_for()


@pytest.mark.parametrize("visit", [PHONE], indirect=True, ids=["phone"])
def test_on_a_phone_the_picture_is_in_the_first_screen_and_everything_is_large_enough_for_a_finger(visit):
    visit.open()
    assert bottom(visit, "#comparison") <= 844
    small = visit.page.locator(
        "button, summary, a[href], input:not([type=file], [type=range]), select"
    ).evaluate_all(
        """all => all.filter(e => e.checkVisibility({visibilityProperty: true}))
            .map(e => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
            .filter(([, box]) => box.width > 0 && box.right > 0 && Math.min(box.width, box.height) < 24)
            .map(([html]) => html)"""
    )
    assert small == []


@pytest.mark.parametrize("visit", [ZOOMED, PROJECTOR], indirect=True, ids=["200 %", "projector"])
def test_the_picture_stays_in_sight_at_200_per_cent_and_grows_on_a_projector(visit):
    visit.open()
    box, height = visit.page.locator("#comparison").bounding_box(), visit.page.viewport_size["height"]
    if height < DESKTOP["viewport"]["height"]:
        assert min(height, box["y"] + box["height"]) - box["y"] > 250
    else:
        assert box["width"] == 672 and bottom(visit, "#dial") <= height
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= visit.page.viewport_size["width"]


def test_a_network_that_cannot_be_downloaded_is_marked_and_the_picture_before_it_stays(visit):
    visit.open("?decoder=linear&layer=block2&example=cat")
    wait_until_idle(visit)
    before = picture(visit, "#comparison")
    assert "ResNet-34 – needs a download" in visit.options("architecture")
    visit.choose("architecture", "ResNet-34")
    visit.expect_text("#message [role=alert]", "cannot be reached")
    assert picture(visit, "#comparison") == before
    assert visit.page.locator("#retry").is_visible()


def test_a_painted_mask_is_said_to_be_no_part_of_the_link(visit):
    asked = "decoder=linear&layer=block2&operation=mask&own=mask&example=cat"
    visit.page.goto(f"{visit.address}?tab=surgery&{asked}")
    visit.expect_text("#message", "A link does not hold what it was made with: what you painted.")
