"""Recover, networks of the timm library, and decoders fitted on the spot, as a visitor uses them."""

import pytest

from tests.browser.conftest import PHONE, RESULT_MS
from tests.browser.test_explore import picture, texts
from tests.browser.test_tabs import wait_until_idle


def open_recover(visit, query: str = "example=cat") -> None:
    visit.page.goto(f"{visit.address}?tab=recover&{query}")
    visit.page.locator("#recover-original img").wait_for(timeout=RESULT_MS)
    wait_until_idle(visit)


def test_a_photo_appears_and_the_search_ends_by_itself(visit):
    open_recover(visit)
    assert visit.page.locator("#recover-drawn img").count() == 1
    assert "Upsampling, features" in texts(visit, "#recover-figures")
    visit.page.locator("#recover-seconds input[type=number]").fill("10")
    visit.page.locator("#recover-start").click()
    visit.expect_text("#recover-figures", "Running")
    first = picture(visit, "#recovered")
    visit.expect_text("#recover-figures", "Finished")
    assert picture(visit, "#recovered") != first
    visit.page.locator("#recover-curve .js-plotly-plot").wait_for(timeout=RESULT_MS)
    assert visit.page.locator("#recover-start").is_enabled()
    last = picture(visit, "#recovered")
    visit.page.locator("#recover-watch input[type=number]").fill("0")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function(
        "last => document.querySelector('#recovered img').src !== last", arg=last, timeout=RESULT_MS
    )
    assert not visit.page.locator("#recover-stop").is_enabled()
    assert (visit.foreign, visit.complaints) == ([], [])
    visit.screenshot("recover")


def test_stop_keeps_the_best_so_far_and_another_layer_ends_the_search(visit):
    open_recover(visit)
    visit.page.locator("#recover-seconds input[type=number]").fill("300")
    visit.page.locator("#recover-start").click()
    visit.page.locator("#recovered img").wait_for(timeout=RESULT_MS)
    visit.page.locator("#recover-stop").click()
    visit.expect_text("#recover-figures", "Stopped")
    shown = picture(visit, "#recovered")
    visit.page.wait_for_timeout(1500)
    assert picture(visit, "#recovered") == shown
    visit.page.locator("#recover-start").click()
    visit.expect_text("#recover-figures", "Running")
    visit.choose("layer", "block2")
    visit.expect_text("#recover-title", "VGG16 block2")
    visit.page.wait_for_timeout(1500)
    assert visit.page.locator("#recovered img").count() == 0
    assert "Running" not in texts(visit, "#recover-figures")


def test_explore_leads_to_a_search_in_the_network_and_in_the_untrained_one(visit):
    visit.open("?example=cat&architecture=alexnet&layer=conv5&decoder=pixel_shuffle&loss=mse")
    visit.expect_text("#cards #card-similarity b", ".")
    visit.page.locator("#look-longer button").first.click()
    visit.expect_text("#recover-title", "AlexNet conv5, searched for")
    visit.expect_text("#recover-figures", "Running")
    visit.page.get_by_role("tab", name="Explore").click()
    visit.page.locator("#look-longer button").last.click()
    visit.expect_text("#recover-title", "random weights (control)")
    visit.expect_text("#recover-figures", "Running")
    visit.page.locator("#recover-stop").click()
    visit.expect_text("#recover-figures", "Stopped")


def choose_model(visit, model_id: str) -> None:
    visit.unfold()
    if not visit.page.locator("#timm-id input").is_visible():
        visit.page.locator("#zoo button").first.click()
    visit.page.locator("#timm-id input").fill(model_id)
    visit.page.keyboard.press("Enter")


@pytest.mark.parametrize("visit", [PHONE], indirect=True, ids=["phone"])
def test_any_timm_model_can_be_looked_at(visit):
    visit.open("?example=cat&architecture=alexnet&weights=random&decoder=linear&layer=conv1")
    assert "fitted on the 6 example photos only" in visit.title()
    choose_model(visit, "convnext_tyni")
    visit.expect_text("#message", "convnext_tiny")
    choose_model(visit, "regnety_002")
    visit.expect_text("#result-title", "Seen through regnety_002 (timm) stage1")
    wait_until_idle(visit)
    assert visit.psnr() > 15
    assert "architecture=timm%3Aregnety_002" in visit.page.url
    visit.expect_text("#agreement", "stage5")
    visit.screenshot("timm")


def test_an_address_with_an_unknown_model_says_so_and_shows_the_usual(visit):
    visit.open("?architecture=timm:convnext_tyni&example=cat")
    visit.expect_text("#message", "timm has no model 'convnext_tyni'")
    assert "VGG16 block3" in visit.title()


def test_a_fit_shows_its_progress_and_can_be_stopped(visit):
    visit.page.goto(f"{visit.address}?example=cat&architecture=vit_base&weights=random&layer=block11")
    visit.page.locator("#stop-fitting").click(timeout=RESULT_MS)
    visit.expect_text("#message", "The fit was stopped")
    visit.page.wait_for_timeout(1000)
    assert not visit.page.locator("#stop-fitting").is_visible()
    visit.page.locator("#retry").click()
    visit.expect_text("#message", "is being fitted")
    visit.choose("architecture", "VGG16")
    visit.expect_text("#result-title", "Seen through VGG16")
    visit.page.wait_for_timeout(500)
    wait_until_idle(visit)
