"""The Learn tab as a class uses it, in a real Chromium against a real server."""

import re

import pytest
from PIL import Image

from explorer.ui.texts.lesson import STEPS
from tests.browser.conftest import DESKTOP, PHONE, RESULT_MS, visiting
from tests.serving import ROOT

DARK = DESKTOP | {"color_scheme": "dark"}


@pytest.fixture(scope="module")
def lesson(server, chromium):
    """A page at the lesson, for tests that begin by going to a step."""
    with visiting(chromium, server) as visit:
        open_lesson(visit)
        yield visit


def shows(visit, number: int) -> None:
    """Wait until a step and its result are on the page."""
    visit.page.wait_for_function(
        """([number, layer]) => document.querySelector("#learn-steps [aria-current]")?.dataset.step == number
        && document.querySelector("#learn-title").innerText.includes(layer)
        && new URLSearchParams(location.search).get("step") == number
        && !document.querySelector(".busy")
        && /[0-9]/.test(document.querySelector("#learn-figures b").innerText)
        && document.querySelector("#layer input").value.startsWith(layer)""",
        arg=[str(number), STEPS[number - 1].start.layer],
        timeout=RESULT_MS,
    )


def open_lesson(visit, query: str = "?tab=learn&layer=block1") -> None:
    visit.page.goto(visit.address + query)
    visit.page.wait_for_function(
        "/[0-9]/.test(document.querySelector('#learn-figures b')?.innerText)", timeout=RESULT_MS
    )


def go(visit, number: int) -> None:
    visit.page.locator(f"#learn-steps li [data-step='{number}']").click()
    shows(visit, number)


def box(visit, selector: str) -> dict:
    return visit.page.locator(selector).bounding_box()


def psnr(visit) -> float:
    return float(visit.page.locator("#learn-figures [data-metric=psnr]").inner_text())


def test_a_step_moves_the_controls_and_shows_its_result(visit, explorer):
    open_lesson(visit)
    shows(visit, 1)
    go(visit, 6)
    step = STEPS[5]
    assert step.title in visit.page.locator("#learn-text").inner_text()
    assert visit.page.locator("#decoder input").input_value() == "Transposed convolutions"
    assert visit.page.locator("#loss input").input_value().startswith("MSE")
    assert f"example={step.example}" in visit.page.url
    expected = explorer.reconstruct(
        ROOT / "assets" / "examples" / f"{step.example}.jpg", layer="block1", loss="mse"
    )
    assert psnr(visit) == pytest.approx(expected.metrics.psnr, abs=0.06)
    visit.screenshot("learn-desktop")
    visit.page.get_by_label("Hybrid", exact=True).check()
    visit.expect_text("#learn-title", "hybrid loss")
    assert visit.page.locator("#loss input").input_value().startswith("Hybrid")
    assert visit.complaints == []
    assert visit.foreign == []


def test_next_and_previous_turn_one_step_and_keep_the_focus(lesson):
    go(lesson, 1)
    assert lesson.page.locator("#learn-previous").get_attribute("aria-disabled") == "true"
    lesson.page.locator("#learn-next").press("Enter")
    shows(lesson, 2)
    assert lesson.page.evaluate("document.activeElement.id") == "learn-next"
    lesson.page.locator("#learn-previous").click()
    shows(lesson, 1)
    assert lesson.page.locator("#learn-steps [aria-current=step]").count() == 1


def test_steps_that_are_clicked_faster_than_they_are_shown_end_at_the_last_one(lesson):
    for number in (4, 7, 3):
        lesson.page.locator(f"#learn-steps li [data-step='{number}']").click()
        lesson.page.wait_for_function(
            f"document.querySelector('#learn-steps [aria-current]').dataset.step == {number}"
        )
    shows(lesson, 3)
    assert STEPS[2].title in lesson.page.locator("#learn-text").inner_text()


def test_a_click_is_not_lost_while_the_one_before_it_is_on_its_way(lesson):
    lesson.page.evaluate(
        "[4, 6].forEach(step => document.querySelector(`#learn-steps li [data-step='${step}']`).click())"
    )
    shows(lesson, 6)
    assert STEPS[5].title in lesson.page.locator("#learn-text").inner_text()


def test_what_a_learner_changes_is_shown_and_the_step_stays(lesson):
    go(lesson, 3)
    before = psnr(lesson)
    lesson.choose("layer", "block4")
    lesson.expect_text("#learn-title", "block4")
    assert "Step 3" in lesson.page.locator("#learn-text").inner_text()
    assert psnr(lesson) < before
    assert lesson.page.locator("#learn-looks input:checked").count() == 0
    lesson.expect_text("#learn-maps-text", "512 maps of 14×14")


def test_the_drawing_of_the_network_leads_to_a_layer_and_frames_what_a_position_sees(visit):
    open_lesson(visit, "?tab=learn&step=4")
    shows(visit, 4)
    layers = visit.page.locator("#learn-network li")
    assert layers.all_inner_texts() == ["block1", "block2", "block3", "block4", "block5"]
    layers.nth(1).hover()
    assert visit.page.locator("#learn-reconstruction .field").is_visible()
    layers.nth(1).click()
    visit.expect_text("#learn-title", "block2")
    visit.expect_text("#learn-network p.now", "56×56 positions")
    assert visit.page.locator("#learn-looks input:checked").get_attribute("value") == "block2"


def test_the_answer_opens_on_demand_and_is_closed_in_the_next_step(lesson):
    go(lesson, 4)
    answer = lesson.page.locator("#learn-question details")
    assert not answer.locator("p").is_visible()
    answer.locator("summary").click()
    assert answer.locator("p").is_visible()
    assert answer.locator("tbody tr").count() == len(STEPS[3].looks)
    lesson.expect_text("#learn-proof", "block1")
    drawn = "count => document.querySelectorAll('.curve circle').length === count"
    lesson.page.wait_for_function(drawn, arg=1, timeout=RESULT_MS)
    lesson.page.locator("#learn-looks").get_by_label("block2", exact=True).check()
    lesson.page.wait_for_function(drawn, arg=2, timeout=RESULT_MS)
    lesson.page.get_by_label("A network that names things").check()
    lesson.expect_text("#learn-proof .meaning", "espresso")
    lesson.page.locator("#learn-next").click()
    shows(lesson, 5)
    assert not answer.locator("p").is_visible()


def test_a_step_opens_the_tab_that_shows_more_and_is_still_there_afterwards(lesson):
    go(lesson, 4)
    lesson.page.get_by_role("button", name="Open in Depth").click()
    lesson.page.wait_for_url(re.compile("tab=depth"))
    lesson.page.get_by_role("tab", name="Learn").click()
    lesson.page.wait_for_url(re.compile("tab=learn"))
    assert "step=4" in lesson.page.url
    assert "Step 4" in lesson.page.locator("#learn-text").inner_text()


def test_a_link_to_a_step_opens_it_with_what_its_address_says(visit, tmp_path):
    open_lesson(visit, "?tab=learn&step=7&layer=block2&example=cat")
    visit.expect_text("#learn-text", STEPS[6].title)
    visit.expect_text("#learn-title", "block2")
    visit.expect_text("#learn-twin", "they differ by 0.")
    visit.page.locator("#learn-pair img").nth(1).wait_for(timeout=RESULT_MS)
    with Image.open(ROOT / "assets" / "examples" / "cat.jpg") as photo:
        photo.rotate(180).save(tmp_path / "own.png")
    visit.upload(tmp_path / "own.png")
    visit.expect_text("#learn-twin", "Take an example photo")
    assert not visit.page.locator("#learn-pair").is_visible()


def test_the_worksheet_and_the_teachers_plan_open_beside_the_lesson(lesson):
    for label, said in (("Worksheet to print", "Name"), ("For teachers", STEPS[0].answer)):
        with lesson.page.expect_popup() as waiting:
            lesson.page.get_by_role("link", name=label).click()
        assert said in waiting.value.locator("body").inner_text()
        assert f"{lesson.address}?tab=learn&step=8" in waiting.value.content().replace("&amp;", "&")
        waiting.value.close()


@pytest.mark.parametrize("visit", [DESKTOP, DARK], indirect=True, ids=["light", "dark"])
def test_text_pictures_and_feature_maps_are_seen_together_at_1440_by_900(visit):
    open_lesson(visit)
    shows(visit, 1)
    visit.page.locator("#learn-strip img").wait_for(timeout=RESULT_MS)
    for part in ("#learn-text", "#learn-question", "#learn-reconstruction", "#learn-figures", "#learn-strip"):
        assert box(visit, part)["y"] + box(visit, part)["height"] <= 900, part
    for part in ("#learn-original", "#learn-reconstruction"):
        assert box(visit, part)["width"] == pytest.approx(
            336, abs=1
        )  # each pixel of the photo one and a half
    pictures = visit.page.locator("#learn-original img, #learn-reconstruction img")
    assert [image.evaluate("e => getComputedStyle(e).imageRendering") for image in pictures.all()] == [
        "pixelated"
    ] * 2
    dark = visit.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    visit.screenshot("learn-dark" if dark else "learn-light")


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_on_a_phone_the_lesson_comes_first_and_its_steps_stay_in_reach(visit):
    open_lesson(visit)
    go(visit, 3)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    parts = ["steps", "text", "original", "strip", "question"]
    tops = [box(visit, f"#learn-{part}")["y"] for part in parts] + [box(visit, "#photo")["y"]]
    assert tops == sorted(tops)
    visit.screenshot("learn-phone")
    visit.page.locator("#learn-question").scroll_into_view_if_needed()
    visit.page.mouse.wheel(0, 300)
    visit.page.wait_for_timeout(300)
    assert box(visit, "#learn-steps")["y"] == pytest.approx(0, abs=1)
    visit.screenshot("learn-phone-scrolled")
    visit.page.locator("#learn-next").tap()
    shows(visit, 4)
    assert 0 <= box(visit, "#learn-text")["y"] < 400
