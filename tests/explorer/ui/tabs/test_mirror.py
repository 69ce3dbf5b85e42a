"""The Mirror tab stands where the page without a server was made, and says what that page lacks."""

import json

import gradio as gr
import pytest

from explorer.configurations import Configuration
from explorer.ui.page import TABS, tabs_here
from explorer.ui.tabs import mirror
from explorer.ui.views import Question

OFFERED = {
    "architecture": "alexnet",
    "layer": "conv2",
    "weights": "imagenet",
    "decoder": "linear",
    "loss": "mse",
}


@pytest.fixture
def made(tmp_path, monkeypatch):
    (tmp_path / "site.json").write_text(json.dumps({"configurations": [OFFERED]}))
    monkeypatch.setenv("EXPLORER_SITE", str(tmp_path))


def test_without_the_page_there_is_no_mirror(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_SITE", str(tmp_path))
    assert list(tabs_here()) == [name for name in TABS if name != "mirror"]


def test_it_asks_for_the_view_and_says_what_the_page_lacks(made, explorer):
    assert list(tabs_here()) == list(TABS)
    with gr.Blocks():
        view = mirror.build(explorer)
    [asked] = view.steps[0].outputs

    def shown(layer: str) -> str:
        configuration = Configuration("alexnet", layer, "pixel_shuffle", "mse")
        return view.steps[0].show(Question("mirror", None, configuration))[asked]

    assert "architecture=alexnet&amp;layer=conv2&amp;decoder=pixel_shuffle" in shown("conv2")
    assert "does not have" not in shown("conv2")
    assert "does not have AlexNet conv3: it shows the\n  nearest" in shown("conv3")
