"""Published figures beside this project's."""

from dataclasses import replace

import pytest

from explorer.folders import BUNDLED
from explorer.results.measured import Results
from explorer.results.published import PUBLISHED, beside_ours


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


@pytest.fixture(scope="module")
def published() -> Results:
    return Results.read(BUNDLED / "results_published.json")


def test_published_figures_stand_beside_ours_of_the_same_layer(results, published):
    pairs = {pair.title: pair for pair in beside_ours(results, published)}
    assert list(pairs) == [figure.title for figure in PUBLISHED]
    block1 = pairs["VGG16 block1"]
    assert (block1.published, block1.published_ssim) == (17.43, 0.565)
    best = max(row.mean["psnr"] for row in results.select("vgg16", layer="block1") if not row.fused)
    assert block1.ours == best > block1.published > published.perfect("psnr") > block1.their_way
    assert block1.their_target > block1.published
    assert block1.decoder == "block1 pixel_shuffle (mse)"


def test_the_ensemble_stands_beside_fused_rows(results):
    fused = [row for row in results.rows if row.fused]
    assert beside_ours(results, Results())[0].ours == max(row.mean["psnr"] for row in fused)
    singles = replace(results, rows=[row for row in results.rows if not row.fused])
    assert beside_ours(singles, Results())[0].ours is None
