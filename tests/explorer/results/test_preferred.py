"""Which decoders the results prefer, and which they would rather not have on offer."""

import copy
import json

import pytest

from explorer.configurations import Configuration, configuration_of
from explorer.folders import BUNDLED
from explorer.results.measured import Results

BLOCK1 = Configuration("vgg16", "block1", "linear", "mse")
BLOCK3 = Configuration("vgg16", "block3", "linear", "mse")


@pytest.fixture(scope="module")
def raw() -> dict:
    return json.loads((BUNDLED / "results.json").read_text())


def written(raw: dict, folder) -> Results:
    (folder / "results.json").write_text(json.dumps(raw))
    return Results.read(folder / "results.json")


def test_what_collapsed_is_left_out_but_not_a_mean(raw, tmp_path):
    changed = copy.deepcopy(raw)
    rows = {configuration_of(row): row for row in changed["configurations"]}
    here = [c for c in rows if c.sources == BLOCK3.sources and c.weights == "imagenet"]
    for c in here:
        rows[c]["collapsed"] = "it draws one texture"
    others = {c for c in here if c.loss != "mse"}
    assert others and set(written(changed, tmp_path).collapsed(here)) == others


def test_the_judge_is_preferred_to_psnr(raw, tmp_path):
    changed = copy.deepcopy(raw)
    rows = {configuration_of(row): row for row in changed["configurations"]}
    for c, judged in ((BLOCK1, 0.2), (BLOCK3, 0.4)):
        rows[c]["mean"]["similarity"] = rows[c]["std"]["similarity"] = judged
        rows[c]["ci95"]["similarity"] = [judged, judged]
        for photo in rows[c]["per_image"]:
            photo["similarity"] = judged
    assert written(changed, tmp_path).preferred([BLOCK1, BLOCK3]) == BLOCK3
