"""The worksheet and the teacher's plan: complete, printable, and with links to the server they came from."""

import re
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.encoders.table import encoder_spec
from explorer.ui import handouts
from explorer.ui.texts.lesson import STEPS

ADDRESS = "https://lesson.example/app/"
EACH_PAGE = pytest.mark.parametrize("name", handouts.PAGES)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: make(ADDRESS) for name, make in handouts.PAGES.items()}


class Elements(HTMLParser):
    """Checks that every element is closed, and keeps what is linked and loaded."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.links, self.loaded = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "hr", "img", "br"):
            self.open.append(tag)
        self.links += [value for name, value in attributes if name == "href"]
        self.loaded += [value for name, value in attributes if name in ("src", "srcset", "data")]

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_worksheet_asks_every_question_and_has_room_for_name_figures_and_answers(pages):
    page = pages["worksheet"]
    for step in STEPS:
        assert step.title in page
        assert step.task in page
        assert step.question in page
        assert step.answer not in page
    assert "<span>Name</span>" in page
    assert page.count("<hr>") >= 3 * len(STEPS)
    layers = re.findall(r'<th scope="row">(block\d)</th><td></td>', page)
    assert layers == encoder_spec("vgg16").layer_names
    guesses = re.findall(r'<span class="tick">(.*?)</span>', page)
    assert guesses == [guess for step in STEPS for guess in step.predict]


def test_the_plan_answers_every_question_in_45_minutes(pages):
    page = pages["teaching"]
    for step in STEPS:
        assert step.question in page and step.answer in page and step.in_class in page
    minutes = [tuple(map(int, found)) for found in re.findall(r"<td>(\d+)–(\d+)</td>", page)]
    assert len(minutes) == len(STEPS) + 2
    assert [begin for begin, _ in minutes] == [0, *(end for _, end in minutes[:-1])]
    assert minutes[-1][1] == 45
    assert f'href="{ADDRESS}worksheet"' in page


@EACH_PAGE
def test_a_handout_leads_to_every_step_and_carries_what_it_shows(pages, name):
    found = Elements(pages[name])
    assert found.open == []
    steps = [f"{ADDRESS}?tab=learn&step={number}" for number in range(1, len(STEPS) + 1)]
    assert [link for link in found.links if link in steps] == steps * (2 if name == "teaching" else 1)
    assert all(link.startswith(ADDRESS) for link in found.links)
    assert len(found.loaded) == len(STEPS)
    assert all(source.startswith("data:image/jpeg;base64,/9j/") for source in found.loaded)
    assert len(set(re.findall(r"<svg.*?</svg>", pages[name]))) == len(STEPS)
    assert not re.search(r"url\(|@import|<(script|link)", pages[name])
    assert "size: A4" in pages[name]


@EACH_PAGE
def test_links_lead_to_where_the_page_was_asked_for(name):
    client = TestClient(served(), base_url="http://192.168.0.7:7860")
    assert 'href="http://192.168.0.7:7860/?tab=learn&amp;step=8"' in client.get(f"/{name}").text
    behind_proxy = {"x-forwarded-host": "lesson.example", "x-forwarded-proto": "https"}
    answer = client.get(f"/{name}", headers=behind_proxy)
    assert 'href="https://lesson.example/?tab=learn&amp;step=8"' in answer.text
    assert "QR codes lead to" not in answer.text
    assert "only this computer understands" in client.get(f"http://localhost:7860/{name}").text


def served() -> Starlette:
    app = Starlette(routes=handouts.routes())
    app.root_path = ""  # as Gradio's has it
    return app
