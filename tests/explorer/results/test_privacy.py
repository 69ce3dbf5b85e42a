"""The privacy study as it is read from its file."""

import json
import logging

import pytest

from explorer.folders import BUNDLED
from explorer.results.privacy import COLUMNS, Study

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
        [],
        {"protocol": {"photos": 0}, "rows": [ROW]},
        {"protocol": {"photos": 6}, "rows": [ROW | {"layer": "<b>"}]},
        {"protocol": {"photos": 6}, "rows": [ROW | {"mean": {"found": "all"}}]},
        {"protocol": {"photos": 6}, "rows": [ROW | {"strength": None}]},
    ],
)
def test_file_that_is_no_study_is_left_out(tmp_path, caplog, broken):
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    with caplog.at_level(logging.WARNING):
        assert Study.read(tmp_path / "broken.json") == Study()
    assert "no privacy study" in caplog.text
