"""The Depth tab as a visitor uses it."""

from PIL import Image

from tests.browser.conftest import RESULT_MS
from tests.browser.test_explore import picture, texts
from tests.browser.test_tabs import captions_below_their_pictures, drag, open_tab, wait_until_idle


def test_depth_goes_from_shallow_to_deep_with_the_slider_and_can_be_taken_away(visit, tmp_path):
    open_tab(visit, "depth")
    assert "VGG16 block1, depth 1 of 5" in texts(visit, "#depth-title")
    assert visit.page.locator("#depth-strip img").count() == 5
    assert captions_below_their_pictures(visit, "#depth-strip") == 5
    shallow = picture(visit, "#depth-reconstruction")
    drag(visit, "#depth-slider", "ArrowRight", 4)
    assert picture(visit, "#depth-reconstruction") != shallow  # at once
    visit.expect_text("#depth-title", "VGG16 block5, depth 5 of 5")
    visit.page.wait_for_function("location.search.includes('layer=block5')", timeout=RESULT_MS)
    wait_until_idle(visit)
    assert visit.page.locator("#layer input").input_value().startswith("block5")
    assert "selected" in visit.page.locator("#depth-strip button").last.get_attribute("class")
    assert visit.page.locator("#depth-plot .shapelayer path").count() == 3
    visit.page.locator("#depth-strip img").nth(2).click()
    visit.expect_text("#depth-title", "VGG16 block3, depth 3 of 5")
    visit.screenshot("depth")
    visit.page.locator("#gif:not([disabled])").wait_for(timeout=RESULT_MS)
    with visit.page.expect_download() as download:
        visit.page.locator("#gif").click()
    download.value.save_as(tmp_path / "depth.gif")
    with Image.open(tmp_path / "depth.gif") as gif:
        assert gif.n_frames == 6


def test_a_decoder_of_few_layers_gives_way_to_one_of_all(visit):
    open_tab(visit, "depth", "layer=block3&decoder=upsample_conv&loss=features&example=cat")
    assert "VGG16 block3, depth 3 of 5" in texts(visit, "#depth-title")
    assert "Upsample" not in texts(visit, "#depth-title")
    assert visit.page.locator("#depth-strip img").count() == 5


def test_depth_plays_and_stops(visit):
    open_tab(visit, "depth")
    assert "depth 1 of 5" in texts(visit, "#depth-title")
    visit.page.locator("#play").click()
    visit.expect_text("#play", "Stop")
    moved = "!document.querySelector('#depth-title').innerText.includes('depth 1 of')"
    visit.page.wait_for_function(moved, timeout=RESULT_MS)
    visit.page.locator("#play").click()
    visit.expect_text("#play", "Play")
    slider = visit.page.locator("#depth-slider input[type=range]")
    stopped = slider.input_value()
    visit.page.wait_for_timeout(2000)
    assert slider.input_value() == stopped
    visit.expect_text("#depth-title", f"depth {stopped} of 5")
    visit.page.locator("#play").click()
    visit.page.locator("#tab-explore-button").click()
    visit.expect_text("#result-title", "Seen through")
    visit.page.wait_for_timeout(2000)
    wait_until_idle(visit)
    title = visit.title()
    visit.page.wait_for_timeout(2000)
    assert visit.title() == title


def test_another_decoder_is_laid_over_the_curves(visit):
    open_tab(visit, "depth")
    lines = visit.page.locator("#depth-plot .scatterlayer .trace")
    before = lines.count()
    visit.page.locator("#overlays input").click()
    visit.page.get_by_role("option").filter(has_text="Attention").first.click()
    visit.page.wait_for_function(
        "n => document.querySelectorAll('#depth-plot .scatterlayer .trace').length > n", arg=before
    )
    assert "Attention (MSE)" in visit.page.locator("#depth-plot .legend").text_content()


def test_a_contact_sheet_is_drawn_on_demand_and_goes_with_its_photo(visit, tmp_path):
    open_tab(visit, "depth", "layer=block1&weights=random&decoder=linear&loss=mse")
    visit.page.locator("#contact-sheet:not([disabled])").click()
    visit.expect_text("#contact-sheet-said", "10 reconstructions")
    with visit.page.expect_download() as download:
        visit.page.locator("#contact-sheet-file").click()
    download.value.save_as(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 5 * 224
    visit.screenshot("contact-sheet")
    visit.page.locator("#examples .gallery-item").nth(1).click()
    visit.page.locator("#contact-sheet-file").wait_for(state="hidden", timeout=RESULT_MS)
    assert texts(visit, "#contact-sheet-said") == ""


def test_the_ends_of_a_dial_with_many_layers_stand_under_it(visit):
    visit.open("?architecture=dinov2_small&layer=block11&decoder=linear&loss=mse")
    dial, last = visit.page.locator("#dial").bounding_box(), visit.page.locator(".stops li").last
    assert last.inner_text() == "block11"
    assert last.bounding_box()["x"] + last.bounding_box()["width"] <= dial["x"] + dial["width"] + 1
