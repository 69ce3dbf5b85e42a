"""A visitor's own photo on the Explore page: chosen, taken, pasted, odd, unusable, or none."""

from pathlib import Path

from PIL import Image

from tests.browser.conftest import RESULT_MS, playwright
from tests.browser.test_explore import CAT, COFFEE, picture, texts, wait_for_another_figure


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
    visit.page.wait_for_function(  # a plain picture is easy
        "Number.parseFloat(document.querySelector('#card-psnr b').innerText) > 25", timeout=RESULT_MS
    )


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
