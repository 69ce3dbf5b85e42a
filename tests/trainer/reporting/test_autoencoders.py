import json

import pytest

from explorer.folders import BUNDLED
from explorer.results.published import AUTOENCODERS
from trainer.reporting.autoencoders import autoencoders_table


@pytest.fixture(scope="module")
def results():
    return json.loads((BUNDLED / "results.json").read_text())


def test_printed_figures_stand_above_ours_of_the_same_layers(results):
    _, _, *lines = autoencoders_table(results, BUNDLED).splitlines()
    [rae, decq] = [lines.index(next(x for x in lines if f"| {a.title} |" in x)) for a in AUTOENCODERS]
    assert "| 18.9 |" in lines[rae] and "| 22.8 |" in lines[decq]
    assert "block2" in lines[decq + 1] and "features" in lines[decq + 1]  # in whatever order its sources are
    ours = lines[rae + 1 : decq]
    assert "| 943 |" in ours[0] and "| 1,123 |" in ours[-1]  # not all were trained on the same photos
    of_block11 = [
        row
        for row in results["configurations"]
        if (row.get("architecture"), row.get("layer")) == ("dinov2_small", "block11")
    ]
    best = max(row["mean"]["psnr"] for row in of_block11)
    assert f"| {best:.2f} |" in ours[0] and f"{min(x['mean']['lpips'] for x in of_block11):.3f}" in ours[-1]


def test_what_was_not_measured_has_no_line():
    lines = autoencoders_table({"configurations": []}, BUNDLED).splitlines()
    assert len(lines) == 2 + len(AUTOENCODERS)
