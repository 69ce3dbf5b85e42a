"""How answers come: to quick visitors, to busy browsers, over slow networks, and not at all."""

import pytest

from tests.browser.conftest import DESKTOP, RESULT_MS, playwright
from tests.browser.test_explore import CAT, picture
from tests.browser.test_results import MEASURED, ROWS, open_results
from tests.browser.test_tabs import open_tab, wait_until_idle

# every timer and every drawing of the page half a second late
BUSY_BROWSER = """
    const [frame, timer] = [window.requestAnimationFrame, window.setTimeout];
    window.requestAnimationFrame = (done) => timer(() => frame(done), 500);
    window.setTimeout = (done, wait, ...rest) => timer(done, (wait ?? 0) + 500, ...rest);
"""


def slow_network(visit) -> None:
    latency = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
    visit.page.context.new_cdp_session(visit.page).send("Network.emulateNetworkConditions", latency)


def test_quick_changes_end_at_the_last_choice(visit):
    visit.open("?decoder=linear&layer=block1")
    for layer in ["block2", "block3", "block1", "block2"]:
        visit.choose("layer", layer)
    visit.page.wait_for_function(
        """() => {
            const shown = document.querySelector("#result-title").innerText;
            if (shown !== window.shown || document.querySelector("#message .busy")) window.since = Date.now();
            window.shown = shown;
            return Date.now() - window.since > 2000;
        }""",
        timeout=RESULT_MS,
    )
    assert "block2" in visit.title()
    assert visit.page.locator("#layer input").input_value().startswith("block2")
    visit.expect_text("#features-text", "128 maps")


@pytest.mark.parametrize("visit", [DESKTOP], indirect=True)  # a page of its own: what it does stays
def test_the_second_of_two_quickly_clicked_tabs_stays_open(visit):
    open_tab(visit, "explore", "decoder=linear&layer=block2")
    slow_network(visit)
    for tab in ("depth", "surgery"):
        visit.page.locator(f"#tab-{tab}-button").click()
        visit.page.wait_for_timeout(200)
    visit.page.wait_for_timeout(3000)
    wait_until_idle(visit)
    assert visit.page.locator("#tab-surgery-button").get_attribute("aria-selected") == "true"
    visit.page.wait_for_function("location.search.includes('tab=surgery')", timeout=RESULT_MS)
    assert visit.page.locator("#tab-surgery-button").get_attribute("aria-selected") == "true"


@pytest.mark.parametrize("visit", [DESKTOP], indirect=True)  # a page of its own: what it does stays
def test_a_tab_that_was_left_half_answered_is_answered_when_it_is_opened_again(visit):
    visit.open("?decoder=linear&layer=block1")
    slow_network(visit)
    visit.choose("layer", "block2")
    for tab in ("depth", "explore"):
        visit.page.locator(f"#tab-{tab}-button").click()
        visit.page.wait_for_timeout(300)
    visit.expect_text("#result-title", "block2")
    visit.expect_text("#features-text", "128 maps (channels) of 56×56")
    visit.expect_text("#agreement", "block2")
    visit.page.locator("#download:not([disabled])").wait_for(timeout=RESULT_MS)
    wait_until_idle(visit)
    assert "tab=explore" in visit.page.url and "layer=block2" in visit.page.url


def test_a_layer_is_chosen_by_keyboard_and_the_old_result_dimmed_until_the_new_one_is_there(visit):
    visit.open("?decoder=linear&layer=block1")
    visit.page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => window.seen.push(!!document.querySelector("#message .busy")))
              .observe(document.querySelector("#message"), { childList: true, subtree: true });
        }"""
    )
    visit.unfold()
    visit.page.locator("#layer input").focus()
    for key in ["ArrowDown", "Enter"]:
        visit.page.keyboard.press(key)
    visit.expect_text("#result-title", "block2")
    visit.page.wait_for_function("!document.querySelector('#message .busy')")
    assert True in visit.page.evaluate("window.seen")
    visit.page.wait_for_function("getComputedStyle(document.querySelector('#comparison')).opacity === '1'")


@pytest.mark.parametrize("visit", [DESKTOP], indirect=True)  # a page of its own: what it does stays
def test_a_busy_browser_shows_all_of_an_answer(visit):
    """Its parts come faster than this page shows one."""
    visit.page.add_init_script(BUSY_BROWSER)
    open_results(visit, "rows=all")
    assert visit.page.locator(ROWS).count() == len(MEASURED)
    for name in ("results-data", "chart-data", "published-data"):
        assert visit.page.locator(f"#{name}").is_enabled(), name
    visit.page.locator("#tab-explore-button").click()
    visit.expect_text("#card-psnr b", ".")
    before = picture(visit, "#error-map")
    visit.choose("layer", "block2")
    for part in ("#result-title", "#agreement", "#standing"):
        visit.expect_text(part, "block2" if part != "#standing" else "%")
    visit.expect_text("#features-text", "128 maps (channels) of 56×56")
    visit.page.locator("#download:not([disabled])").wait_for(timeout=RESULT_MS)
    assert picture(visit, "#error-map") != before
    assert visit.page.locator("#mosaic img").get_attribute("alt").startswith("64 of 128 feature maps")
    wait_until_idle(visit)


@pytest.mark.parametrize("visit", [DESKTOP], indirect=True)  # a page of its own: what it does stays
def test_an_unusable_photo_does_not_keep_another_tab_from_answering(visit, tmp_path):
    visit.open("?decoder=linear&layer=block2")
    (tmp_path / "words.jpg").write_text("no picture " * 20)
    slow_network(visit)
    visit.upload(tmp_path / "words.jpg")
    visit.page.locator("#tab-surgery-button").click()
    visit.expect_text("#surgery-figures", "PSNR")
    visit.expect_text("#message [role=alert]", "no image in a supported format")
    assert picture(visit, "#photo").endswith(".jpg")


def test_a_server_that_does_not_answer_is_told_and_asked_again(visit):
    visit.open("?decoder=linear&layer=block1")
    full = {"status": 503, "json": {"detail": "Queue is full."}}
    visit.page.route("**/queue/join*", lambda route: route.fulfill(**full))
    visit.choose("layer", "block2")
    visit.expect_text("#message [role=alert]", "The server did not answer")
    assert "block1" in visit.title()
    visit.page.unroute("**/queue/join*")
    visit.page.locator("#retry").click()
    visit.expect_text("#result-title", "block2")
    wait_until_idle(visit)
    playwright.expect(visit.page.locator("#retry")).to_be_hidden()
    visit.upload(CAT)
    visit.page.wait_for_function("location.search.includes('example=cat')", timeout=RESULT_MS)
