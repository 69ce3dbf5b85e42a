"""The Explore page as a visitor uses it, in a real Chromium against a real server."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.conftest import DESKTOP, PHONE, RESULT_MS, playwright, visiting
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


def test_an_uploaded_photo_is_reconstructed_at_once_and_is_no_part_of_the_link(visit, explorer, tmp_path):
    visit.open("?decoder=linear&layer=block1")
    before = visit.psnr()
    visit.upload(COFFEE)  # the page opens with the cat
    expected = explorer.reconstruct(COFFEE, decoder="linear").metrics.psnr
    visit.expect_text("#card-psnr b", f"{expected:.2f}")
    assert visit.psnr() != before
    assert "example=coffee" in visit.page.url
    Image.open(CAT).rotate(180).save(tmp_path / "own.png")
    visit.upload(tmp_path / "own.png")
    visit.page.wait_for_function("!location.search.includes('example')", timeout=RESULT_MS)


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


def test_a_picture_from_the_camera_or_the_clipboard_is_reconstructed(visit):
    visit.open("?layer=block1")
    before = texts(visit, "#card-psnr b")
    visit.page.get_by_label("Capture from camera").click()
    visit.page.get_by_text("Click to Access Webcam").click()
    visit.page.get_by_label("capture photo").wait_for()
    visit.page.wait_for_function("document.querySelector('#photo video')?.currentTime > 0.2")
    visit.page.get_by_label("select input source").click()
    assert visit.page.get_by_label("select source").locator("option").count() == 2  # front and back
    camera = "document.querySelector('#photo video')?.srcObject?.getVideoTracks()[0].getSettings().deviceId"
    first = visit.page.evaluate(camera)
    visit.page.get_by_label("select source").select_option(index=1)
    visit.page.wait_for_function(f"first => {camera} && {camera} !== first", arg=first, timeout=RESULT_MS)
    visit.page.wait_for_function("document.querySelector('#photo video')?.currentTime > 0.2")
    visit.page.get_by_label("capture photo").click()
    wait_for_another_figure(visit, before)
    visit.page.wait_for_function("!document.querySelector('#message').innerText.trim()")

    before = texts(visit, "#card-psnr b")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.page.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(400, 300);
            const drawing = canvas.getContext("2d");
            drawing.fillStyle = "rgb(20, 120, 220)";
            drawing.fillRect(0, 0, 400, 300);
            const picture = await canvas.convertToBlob({ type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
        }"""
    )
    visit.page.get_by_label("Paste from clipboard").click()
    wait_for_another_figure(visit, before)
    assert visit.psnr() > 25  # a plain picture is easy


def test_a_file_that_is_no_usable_photo_gets_its_own_sentence_and_the_app_goes_on(visit, tmp_path):
    unusable = [
        ("damaged.jpg", lambda path: path.write_bytes(CAT.read_bytes()[:2000]), "is damaged or incomplete"),
        ("empty.png", lambda path: path.write_bytes(b""), "empty.png is empty"),
        ("words.jpg", lambda path: path.write_text("no picture " * 20), "no image in a supported format"),
        ("dot.png", lambda path: Image.new("RGB", (1, 1)).save(path), "1 x 1 pixels"),
        ("wall.png", lambda path: Image.new("1", (10001, 10001)).save(path), "megapixels"),
    ]
    visit.open()
    before, photo = visit.psnr(), picture(visit, "#photo")
    for name, save, sentence in unusable:
        save(tmp_path / name)
        visit.upload(tmp_path / name)
        visit.expect_text("#message [role=alert]", sentence)
        assert visit.page.get_by_role("alert").filter(has_text="Error").count() == 0
        assert "Traceback" not in visit.page.content()
        assert (visit.psnr(), picture(visit, "#photo")) == (before, photo)  # still one pair
    visit.screenshot("damaged")
    visit.upload(COFFEE)
    visit.page.wait_for_function("!document.querySelector('#message [role=alert]')")
    assert "coffee" in picture(visit, "#photo")


def test_unusual_photos_are_shown_as_they_should_be(visit, explorer, tmp_path):
    photos = unusual_photos(tmp_path)
    expected = [f"{explorer.reconstruct(path, decoder='linear').metrics.mse:.5f}" for path in photos]
    assert len(set(expected)) == len(photos)  # a figure tells which photo is shown
    visit.open("?decoder=linear&layer=block1")
    for path, figure in zip(photos, expected, strict=True):
        visit.upload(path)
        visit.expect_text("#card-mse b", figure)
        assert visit.page.get_by_role("alert").count() == 0, path.name
        shown = visit.page.locator("#photo .image-frame img")
        assert shown.evaluate("image => image.naturalWidth") > 0, f"the browser cannot show {path.name}"


def unusual_photos(folder: Path) -> list[Path]:
    """Write the cat in six unusual ways."""
    photo = Image.open(CAT).convert("RGB")
    photo.rotate(90).save(folder / "page.tiff")
    photo.convert("CMYK").save(folder / "cmyk.jpg")
    photo.convert("L").point(lambda v: v * 257, "I").convert("I;16").save(folder / "grey16.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(folder / "rotated.jpg", exif=exif)
    corner = photo.crop((0, 0, 200, 200))
    corner.save(folder / "animated.gif", save_all=True, append_images=[corner.rotate(90)])
    photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    photo.save(folder / "transparent.png")
    return sorted(folder.iterdir())


def test_without_a_photo_the_page_says_what_to_do_and_an_example_will_do(visit):
    visit.open()
    visit.page.get_by_label("Remove Image").click()
    visit.expect_text("#result-title", "Choose an example, drop in a photo")
    assert texts(visit, "#card-psnr b") == "–"
    pictures = visit.page.locator("#comparison img, #error-map img, #mosaic img")
    playwright.expect(pictures).to_have_count(0, timeout=RESULT_MS)
    visit.screenshot("no-photo")
    visit.page.get_by_label("Example photo: coffee").click()
    visit.expect_text("#card-psnr b", ".")
    assert "coffee" in picture(visit, "#photo")


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
