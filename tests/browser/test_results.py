"""The Results tab as a visitor uses it: table, filters, charts, and the way back to Explore."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from explorer.folders import BUNDLED
from tests.browser.conftest import DESKTOP, PHONE, RESULT_MS

ROWS = "#results-table tbody tr"
SIZES = [DESKTOP, PHONE | {"color_scheme": "dark"}]
MEASURED = json.loads((BUNDLED / "results.json").read_text(encoding="utf-8"))["configurations"]


def open_results(visit, query: str = "") -> None:
    """Open the page at the tab and wait for its chart."""
    visit.page.goto(f"{visit.address}?tab=results&{query}")
    visit.page.locator("#results-plot .js-plotly-plot").wait_for(timeout=RESULT_MS)
    visit.page.locator("#published-plot .js-plotly-plot").wait_for(timeout=RESULT_MS)


def column(visit, number: int) -> list[str]:
    return visit.page.locator(f"{ROWS} td:nth-child({number})").all_inner_texts()


def wait_for_rows(visit, count: int) -> None:
    visit.page.wait_for_function(
        "([rows, count]) => document.querySelectorAll(rows).length === count",
        arg=[ROWS, count],
        timeout=RESULT_MS,
    )


@pytest.mark.parametrize("visit", SIZES, indirect=True, ids=["desktop", "phone"])
def test_all_that_was_measured_is_listed_sorted_filtered_and_opened(visit):
    open_results(visit)
    page, width = visit.page, visit.page.viewport_size["width"]
    best = page.locator(ROWS).count()
    decoders = {(row, decoder) for row, decoder in zip(column(visit, 1), column(visit, 4), strict=True)}
    assert best < 40 and len(decoders) == len({network for network, _ in decoders})
    assert page.locator("#results-plot .scatterlayer .trace").count() == len(decoders) + 1  # and the blur
    visit.screenshot(f"results-best-{width}")
    visit.choose("rows", "All that was measured")
    wait_for_rows(visit, len(MEASURED))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    visit.screenshot(f"results-{width}")
    if width == 1440:
        for figure in ("PSNR", "SSIM", "LPIPS"):
            heading = page.locator("#results-table th").filter(has_text=figure).bounding_box()
            assert heading["x"] + heading["width"] < width - 40, f"{figure} is out of sight"

    heading = page.get_by_role("button", name="PSNR, dB")
    heading.click()
    values = [float(text.lstrip("*").split(" ")[0]) for text in column(visit, 7)]
    assert values == sorted(values, reverse=True)
    heading.click()
    visit.choose("only_decoder", "Attention")
    attention = [row for row in MEASURED if row["decoder"] == "attention"]
    wait_for_rows(visit, len(attention))
    visit.expect_text("#results-note", f"{len(attention)} of {len(MEASURED)}")
    values = [float(text.lstrip("*").split(" ")[0]) for text in column(visit, 7)]
    assert values == sorted(values)
    assert page.locator('th[aria-sort="ascending"]').inner_text().startswith("PSNR")

    page.locator(ROWS).filter(has_text="block3").click()
    visit.expect_text("#result-title", "VGG16 block3")
    visit.expect_text("#result-title", "Attention")
    page.wait_for_function("location.search.includes('tab=explore')", timeout=RESULT_MS)
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["layer"], asked["decoder"], asked["loss"]) == (["block3"], ["attention"], ["mse"])
    assert page.locator("#comparison").is_visible()
    assert (visit.foreign, visit.complaints) == ([], [])


def test_charts_are_drawn_in_one_place_follow_the_controls_and_can_be_taken_away(visit):
    open_results(visit, "chart=decoders&only_decoder=linear&layer=block1")
    visit.expect_text("#chart-reading", "It shows VGG16 block1")
    visit.choose("layer", "block3")
    visit.expect_text("#chart-reading", "It shows VGG16 block3")
    page, width = visit.page, visit.page.viewport_size["width"]
    height = page.locator("#results-plot").bounding_box()["height"]
    visit.choose("chart", "Which differences are proven")
    visit.expect_text("#chart-reading", "pairs of decoders are proven to differ")
    page.locator("#results-plot .heatmap-label").first.wait_for(timeout=RESULT_MS)
    assert page.locator("#results-plot").bounding_box()["height"] == height
    page.locator("#results-plot").scroll_into_view_if_needed()
    visit.screenshot(f"results-chart-{width}")
    page.locator("#chart-data:not([disabled])").wait_for()
    with page.expect_download() as download:
        page.locator("#chart-data").click()
    assert download.value.suggested_filename == "chart-significance.csv"
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_address_holds_filters_and_chart_and_a_row_is_opened_by_keyboard(visit):
    only = "only_decoder=linear&only_architecture=vgg16&only_weights=imagenet&only_loss=nonsense"
    open_results(visit, f"{only}&chart=plane")
    assert visit.page.locator(ROWS).count() == 5
    visit.expect_text("#chart-reading", "judging network")
    assert visit.page.locator("#only_loss input").input_value() == "All losses"
    visit.page.locator(f"{ROWS} a").first.focus()
    for key in ["ArrowDown", "ArrowDown", "Enter"]:
        visit.page.keyboard.press(key)
    visit.expect_text("#result-title", "VGG16 block3")


def test_results_need_no_photo(visit):
    open_results(visit)
    visit.page.get_by_label("Remove Image").click()
    visit.choose("rows", "All that was measured")
    visit.choose("only_decoder", "Wavelet")
    wait_for_rows(visit, sum(row["decoder"] == "wavelet" for row in MEASURED))
