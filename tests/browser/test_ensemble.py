"""The Ensemble tab as a visitor uses it."""

from tests.browser.conftest import RESULT_MS, playwright
from tests.browser.test_explore import picture, texts
from tests.browser.test_tabs import (
    captions_below_their_pictures,
    open_tab,
    wait_for_another_picture,
    wait_until_idle,
)


def test_every_source_has_a_row_and_a_map_of_where_it_is_listened_to(visit):
    open_tab(visit, "ensemble", "example=cat")
    for source in ("VGG16 block1", "AlexNet conv1", "EfficientNet-Lite0 stage1", "DINOv2 ViT-S/14 block0"):
        visit.expect_text("#ensemble-brought", source)
        visit.expect_text("#ensemble-maps", source)
    assert captions_below_their_pictures(visit, "#ensemble-maps") == 4
    assert "test photos" in texts(visit, "#ensemble-brought")
    visit.screenshot("ensemble")


def test_stacked_channels_have_no_maps_and_the_page_says_so(visit):
    open_tab(visit, "ensemble", "example=cat")
    before = picture(visit, "#ensemble-error")
    visit.choose("ensemble-fusion", "Stacked channels")
    visit.expect_text("#ensemble-maps-text", "no weights to look at")
    wait_for_another_picture(visit, "#ensemble-error", before)
    playwright.expect(visit.page.locator("#ensemble-maps")).to_be_hidden()
    visit.choose("ensemble-fusion", "Weighted sum")
    visit.page.locator("#ensemble-maps img").first.wait_for(timeout=RESULT_MS)


def test_a_link_restores_an_ensemble_and_other_sources_keep_what_they_can(visit):
    address = (
        "example=coffee&sources=vgg16/block1+vgg16/block3+vgg16/block5&fusion=concat&with=pixel_shuffle/mse"
    )
    visit.page.goto(f"{visit.address}?tab=ensemble&{address}")
    visit.expect_text("#ensemble-brought", "VGG16 block5")
    wait_until_idle(visit)
    assert "sources=vgg16%2Fblock1+vgg16%2Fblock3+vgg16%2Fblock5" in visit.page.url
    visit.choose("ensemble-sources", "VGG16 block5 + AlexNet conv5")
    visit.expect_text("#ensemble-brought", "DINOv2 ViT-S/14 block11")
    wait_until_idle(visit)
    assert "with=pixel_shuffle%2Fmse" in visit.page.url and "fusion=concat" in visit.page.url


def test_an_address_of_unknown_sources_shows_the_usual_ones(visit):
    open_tab(visit, "ensemble", "example=cat&sources=vgg17/block1&fusion=sum&with=magic/mse")
    visit.expect_text("#ensemble-brought", "AlexNet conv1")
