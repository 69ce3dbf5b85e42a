"""The privacy study as it is read from its file."""

import json
import logging

import pytest

from explorer.folders import BUNDLED
from explorer.results.privacy import COLUMNS, Sent, Study

LAYER = {
    "architecture": "vgg16",
    "layer": "block1",
    "decoder": "linear",
    "loss": "mse",
    "weights": "imagenet",
}
ROW = LAYER | {"operation": "quantise", "strength": 4.0, "mean": {"found": 0.5}}


def test_a_layer_is_a_line_with_the_share_that_is_found_each_way():
    rows = [ROW, ROW | {"layer": "block2", "operation": "", "strength": 0.0, "mean": {"found": 1.0}}]
    header, lines = Study.of({"protocol": {"photos": 6}, "rows": rows}).table()
    assert header == ["layer", *COLUMNS]
    assert lines == [["block1", "–", "50%", *"––––"], ["block2", "100%", *"–––––"]]


def test_the_bundled_study_is_read_whole():
    raw, found = json.loads((BUNDLED / "privacy.json").read_text()), Study.read(BUNDLED / "privacy.json")
    assert (found.photos, len(found.rows)) == (raw["protocol"]["photos"], len(raw["rows"]))
    assert [row.found for row in found.rows] == [row["mean"]["found"] for row in raw["rows"]]


def test_without_a_file_there_is_no_study(tmp_path, caplog):
    assert Study.read(tmp_path / "none.json") == Study() and not caplog.text


@pytest.mark.parametrize(
    "broken",
    [
        {"layer": "<b>"},
        {"layer": 3},
        {"decoder": None},
        {"operation": ["quantise"]},
        {"operation": "x" * 1000},
        {"strength": None},
        {"strength": float("nan")},
        {"mean": {"found": "all"}},
        {"mean": {"found": 1.5}},
        {"mean": None},
    ],
    ids=repr,
)
def test_row_that_cannot_be_used_is_left_out_and_the_others_stay(tmp_path, caplog, broken):
    (tmp_path / "study.json").write_text(json.dumps({"protocol": {"photos": 6}, "rows": [ROW | broken, ROW]}))
    with caplog.at_level(logging.WARNING):
        assert Study.read(tmp_path / "study.json") == Study(6, [Sent("block1", "quantise", 4.0, 0.5)])
    assert "row of the privacy study left out" in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "[" * 100_000),
        json.dumps({"protocol": {"photos": 0}, "rows": [ROW]}),
        json.dumps({"protocol": {"photos": float("inf")}, "rows": [ROW]}),
        json.dumps({"protocol": {"photos": 6}, "rows": 3}),
        json.dumps({"protocol": {"photos": 6}, "rows": [3]}),
    ],
    ids=lambda text: text[:30],
)
def test_file_that_is_no_study_is_left_out(tmp_path, caplog, content):
    (tmp_path / "broken.json").write_text(content)
    with caplog.at_level(logging.WARNING):
        assert Study.read(tmp_path / "broken.json") == Study()
    assert "no privacy study" in caplog.text
