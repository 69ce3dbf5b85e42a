import json

import numpy as np
import pytest

from explorer import Explorer
from explorer.weights import BUNDLED
from trainer.__main__ import main
from trainer.evaluate import evaluate, markdown_table
from trainer.statistics import bootstrap_interval, summarise

ROW_KEYS = {
    *("architecture", "layer", "decoder", "loss", "weights", "parameters"),
    *("mean", "std", "ci95", "per_image"),
}
FIGURES = {"psnr", "ssim", "lpips", "mse"}


@pytest.fixture(scope="module")
def results(photos_folder):
    return evaluate(photos_folder, BUNDLED, "vgg16-block1-linear-*", progress_bar=False)


def test_row_has_the_figures_of_every_photo_and_their_summary(results):
    [row] = results["configurations"]
    assert row.keys() == ROW_KEYS
    assert row["mean"].keys() == row["std"].keys() == row["ci95"].keys() == FIGURES
    decibels = [image["psnr"] for image in row["per_image"]]
    assert row["mean"]["psnr"] == pytest.approx(np.mean(decibels))
    assert row["std"]["psnr"] == pytest.approx(np.std(decibels, ddof=1))
    low, high = row["ci95"]["psnr"]
    assert min(decibels) <= low < row["mean"]["psnr"] < high <= max(decibels)


def test_figures_are_those_the_app_shows(results, explorer: Explorer, cat):
    shown = explorer.reconstruct(cat, layer="block1", decoder="linear").metrics
    [measured] = [image for image in results["configurations"][0]["per_image"] if image["image"] == "cat.jpg"]
    assert measured["psnr"] == pytest.approx(shown.psnr, abs=1e-4)
    assert measured["lpips"] == pytest.approx(shown.lpips, abs=1e-5)


def test_command_writes_the_file_and_keeps_rows_it_does_not_measure_again(photos_folder, tmp_path, capsys):
    out = tmp_path / "results.json"
    for layer in ("block1", "block2"):
        only = f"vgg16-{layer}-linear-*"
        assert main(["evaluate", "--photos", str(photos_folder), "--only", only, "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert [row["layer"] for row in found["configurations"]] == ["block1", "block2"]
    assert found["protocol"]["photos"] == 6
    assert "| vgg16 | block2 | linear | mse |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"protocol": {"photos_digest": "0"}, "configurations": []}', "other photos"),
        ("[]", "not a results file"),
    ],
)
def test_results_of_other_photos_are_not_overwritten(photos_folder, tmp_path, capsys, content, said):
    path = tmp_path / "results.json"
    path.write_text(content)
    only = ["--only", "block1-linear"]
    assert main(["evaluate", "--photos", str(photos_folder), *only, "--out", str(path)]) == 2
    assert said in capsys.readouterr().err
    assert path.read_text() == content


def test_readme_shows_the_figures_of_the_results_file():
    results = json.loads((BUNDLED / "results.json").read_text())
    assert markdown_table(results) in (BUNDLED.parent / "README.md").read_text()


def test_results_file_has_a_row_for_every_bundled_checkpoint(explorer: Explorer):
    rows = json.loads((BUNDLED / "results.json").read_text())["configurations"]
    keys = ("architecture", "layer", "decoder", "loss", "weights")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        tuple(vars(c).values()) for c in sorted(explorer.catalogue().entries)
    ]


def test_pattern_that_matches_nothing_lists_what_is_ready(photos_folder, capsys):
    assert main(["evaluate", "--photos", str(photos_folder), "--only", "resnet*"]) == 2
    assert "vgg16-block1-linear-mse-imagenet" in capsys.readouterr().err


def test_bootstrap_interval_covers_the_true_mean_about_95_times_in_100():
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        low, high = bootstrap_interval(draw.normal(1.0, 2.0, size=100))
        covered += low <= 1.0 <= high
    assert 180 <= covered <= 198


def test_summary_of_one_photo_has_no_spread():
    assert summarise([20.0]) == (20.0, 0.0, [20.0, 20.0])
