"""Nothing of a stranger's results reaches the page as HTML."""

import json
from typing import Any

import pytest

from explorer.folders import BUNDLED
from explorer.results.measured import Results
from explorer.results.privacy import Study
from explorer.ui.results_table import table_html
from explorer.ui.tabs.learn import STEPS, measured, study_html
from explorer.ui.tabs.results import note_text
from explorer.ui.texts import texts

HTML = "<img src=x onerror=alert(1)>"
FREE_TEXT = ("target", "checkpoint", "image", "baseline", "operation", "classifier")


def with_html(raw: Any) -> Any:
    """The data with HTML in every text that is free."""
    if isinstance(raw, list):
        return [with_html(x) for x in raw]
    if isinstance(raw, dict):
        return {key: HTML if key in FREE_TEXT else with_html(value) for key, value in raw.items()}
    return raw


@pytest.fixture(scope="module")
def strange(tmp_path_factory) -> tuple[Results, Study]:
    folder = tmp_path_factory.mktemp("strange")
    for name in ("results", "privacy"):
        raw = with_html(json.loads((BUNDLED / f"{name}.json").read_text()))
        raw["protocol"] |= dict.fromkeys(("crop", "interval", "comparisons", "costs", "range"), HTML)
        if name == "results":
            raw["protocol"]["photos"] = HTML
        (folder / f"{name}.json").write_text(json.dumps(raw))
    return Results.read(folder / "results.json"), Study.read(folder / "privacy.json")


def test_strangers_texts_are_escaped_wherever_they_are_shown(strange):
    results, study = strange
    assert results.rows and study.rows
    title = texts("results").heading(results)
    assert title.count("&lt;img") == 5
    shown = [title, table_html(results.rows), note_text(results, 1), study_html(study)]
    shown += [measured(step, results) for step in STEPS]
    assert not any("<img" in html for html in shown)
