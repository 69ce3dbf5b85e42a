import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from explorer import Explorer
from explorer.configurations import configuration_of, in_order
from explorer.decoders import DECODERS
from explorer.folders import BUNDLED
from explorer.measures.metrics import METRICS
from explorer.measures.pixels import psnr
from trainer.__main__ import main
from trainer.measuring.evaluate import evaluate
from trainer.measuring.results_file import write_results

ROW_KEYS = {
    *("architecture", "layer", "decoder", "loss", "weights", "target", "checkpoint"),
    *("parameters", "multiply_adds", "milliseconds", "peak_memory_mib"),
    *("forward_passes", "encoder_multiply_adds", "encoder_milliseconds"),
    *("mean", "std", "ci95", "per_image", "alike", "collapsed"),
}
KEYS = ("architecture", "layer", "decoder", "loss", "weights")
FIGURES = {"psnr", "ssim", "lpips", "mse", "feature_error", "similarity", "weave"}


@pytest.fixture(scope="module")
def results(photos_folder):
    return evaluate(photos_folder, BUNDLED, "vgg16-block1-linear-*-imagenet", progress_bar=False)


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
    shown = explorer.judged(explorer.reconstruct(cat, layer="block1", decoder="linear")).metrics
    [measured] = [image for image in results["configurations"][0]["per_image"] if image["image"] == "cat.jpg"]
    assert measured["psnr"] == pytest.approx(shown.psnr, abs=1e-4)
    for figure in ("lpips", "feature_error", "similarity", "weave"):
        assert measured[figure] == pytest.approx(shown[figure], abs=1e-4)


def test_only_a_changed_checkpoint_is_measured_again(results, photos_folder, tmp_path):
    path, marked = tmp_path / "results.json", copy.deepcopy(results)
    [row] = marked["configurations"]
    row["mean"]["psnr"] = 99.0
    write_results(marked, path)

    def measured_again() -> float:
        only = "vgg16-block1-linear-*-imagenet"
        [found] = evaluate(photos_folder, BUNDLED, only, path, progress_bar=False)["configurations"]
        return found["mean"]["psnr"]

    assert measured_again() == 99.0
    row["checkpoint"] = "of another file"
    write_results(marked, path)
    assert measured_again() == results["configurations"][0]["mean"]["psnr"]


def test_what_was_measured_with_older_code_is_measured_again(results, photos_folder, tmp_path, monkeypatch):
    path, marked = tmp_path / "results.json", copy.deepcopy(results)
    marked["configurations"][0]["mean"]["psnr"] = 99.0
    write_results(marked, path)
    for table, name in [(METRICS, "ssim"), (DECODERS, "linear"), (DECODERS, "wavelet")]:
        monkeypatch.setitem(table, name, replace(table[name], version=2))
    only = "vgg16-block1-linear-*-imagenet"
    [row] = evaluate(photos_folder, BUNDLED, only, path, progress_bar=False)["configurations"]
    assert row["mean"]["psnr"] == results["configurations"][0]["mean"]["psnr"]
    assert row["checkpoint"] == f"{results['configurations'][0]['checkpoint']}+linear2+ssim2"


def test_baselines_are_the_mean_of_the_others_and_the_blur_of_the_grid(results, examples01):
    mean, flat, blur = results["baselines"]
    assert [x["baseline"] for x in (mean, flat, blur)] == ["mean_photo", "flat", "blur"]
    assert blur["size"] == 112
    first, second, third = examples01[:3]
    others = (second + third) / 2
    assert mean["per_image"][0]["psnr"] == pytest.approx(psnr(others[None], first[None]).item(), abs=1e-4)
    assert blur["mean"]["psnr"] > flat["mean"]["psnr"] + 10 > mean["mean"]["psnr"] + 10


def test_judges_look_at_the_blur_and_the_flat_colour_of_each_layer(results):
    _, flat, blur = results["baselines"]
    [row] = results["configurations"]
    [of_flat], [of_blur] = flat["judged"], blur["judged"]
    assert (of_blur["architecture"], of_blur["layer"], of_blur["weights"]) == ("vgg16", "block1", "imagenet")
    assert of_flat["mean"]["feature_error"] > of_blur["mean"]["feature_error"] > row["mean"]["feature_error"]
    assert of_flat["mean"]["similarity"] < row["mean"]["similarity"] < of_blur["mean"]["similarity"]
    assert row["alike"] < row["mean"]["similarity"] and row["collapsed"] == ""


def test_configurations_of_the_same_features_are_compared_in_pairs(photos_folder):
    found = evaluate(photos_folder, BUNDLED, "vgg16-block3-[lt]*-mse-*", progress_bar=False)
    kinds = [row["weights"] for row in found["configurations"]]
    counts = [kinds.count("imagenet"), kinds.count("random")]  # the control's features are others
    assert counts == [2, 2]
    assert len(found["comparisons"]) == 5 * sum(count * (count - 1) // 2 for count in counts)
    means = {"-".join(row[k] for k in KEYS): row["mean"] for row in found["configurations"]}
    for row in found["comparisons"]:
        difference = means[row["a"]][row["figure"]] - means[row["b"]][row["figure"]]
        assert row["difference"] == pytest.approx(difference, abs=1e-6)
        assert row["ci95"][0] <= row["difference"] <= row["ci95"][1]
        assert row["p"] <= row["p_holm"] <= 1


def test_published_protocol_caps_even_the_photo_itself(photos_folder):
    found = evaluate(
        photos_folder, BUNDLED, "vgg16-block1-linear-*-imagenet", protocol="published", progress_bar=False
    )
    [oracle] = [row for row in found["baselines"] if row["baseline"] == "photo"]
    assert oracle["mean"]["psnr"] < 17.65
    assert "not comparable" in found["protocol"]["range"]


def test_command_writes_the_file_and_keeps_rows_it_does_not_measure_again(photos_folder, tmp_path, capsys):
    out = tmp_path / "results.json"
    for layer in ("conv1", "conv2"):
        only = f"alexnet-{layer}-linear-*-imagenet"
        assert main(["evaluate", "--photos", str(photos_folder), "--only", only, "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert [row["layer"] for row in found["configurations"]] == ["conv1", "conv2"]
    assert found["protocol"]["photos"] == 3
    assert "| alexnet | conv2 | linear | mse |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"protocol": {"photos_digest": "0"}, "configurations": [], "baselines": []}', "other photos"),
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


def test_results_file_has_a_row_for_every_bundled_checkpoint(explorer: Explorer):
    rows = json.loads((BUNDLED / "results.json").read_text())["configurations"]
    assert [configuration_of(row) for row in rows] == in_order(explorer.catalogue().entries)


def test_pattern_that_matches_nothing_lists_what_is_ready(photos_folder, capsys):
    assert main(["evaluate", "--photos", str(photos_folder), "--only", "nothing*"]) == 2
    assert "vgg16-block1-linear-mse-imagenet" in capsys.readouterr().err
