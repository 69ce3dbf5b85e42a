"""Decoders that were trained alike, with two seeds, are compared with the simplest one photo by photo."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.configurations import Configuration
from explorer.errors import UserError
from explorer.results.alike import MEASURES, Alike
from trainer.data.photos import PhotoSet
from trainer.measuring.alike import measure_alike, measured
from trainer.measuring.statistics import compare
from trainer.recipe import Recipe
from trainer.training.loop import Training

RECIPE = Recipe(steps=1, batch=1, crop=64, validate_every=1, validation_photos=1)
DECODERS = ("transposed_conv", "wavelet")


def train(out: Path, photos: PhotoSet, recipe: Recipe, decoders: tuple[str, ...] = DECODERS) -> Path:
    """Train decoders of AlexNet conv5 for one step; return their folder."""
    configurations = [Configuration("alexnet", "conv5", name, "mse") for name in decoders]
    Training(configurations, recipe, photos, photos, out, progress_bar=False).run()
    return out


@pytest.fixture(scope="module")
def folders(photos, tmp_path_factory) -> list[Path]:
    """A folder for each of two seeds."""
    return [
        train(tmp_path_factory.mktemp(f"seed{seed}"), photos, replace(RECIPE, seed=seed)) for seed in (1, 2)
    ]


@pytest.fixture(scope="module")
def found(folders, photos_folder):
    return measure_alike(photos_folder, folders, progress_bar=False)


def test_a_row_is_a_decoder_over_photos_and_seeds(found):
    rows = {row["decoder"]: row for row in found["rows"]}
    assert set(rows) == set(DECODERS)
    wavelet = rows["wavelet"]
    assert (wavelet["seeds"], wavelet["steps"], wavelet["crop"]) == ([1, 2], 1, 64)
    assert set(wavelet["mean"]) == set(wavelet["over_simple"]) == set(MEASURES)
    assert rows["transposed_conv"]["over_simple"] is None
    first, second = wavelet["by_seed"]["psnr"]
    assert first != second and wavelet["mean"]["psnr"] == pytest.approx((first + second) / 2)


def test_difference_is_paired_over_the_photos(found, folders, examples01):
    names, photos01 = ["a", "b", "c"], examples01[:3]
    runs = [measured(folder, names, photos01, "cpu", False) for folder in folders]
    simple, wavelet = (
        np.mean([run[Configuration("alexnet", "conv5", name, "mse")].figures["psnr"] for run in runs], axis=0)
        for name in DECODERS
    )
    difference, interval, p = compare(wavelet, simple)
    [test] = [row["over_simple"]["psnr"] for row in found["rows"] if row["over_simple"]]
    assert test == {"difference": pytest.approx(difference), "ci95": pytest.approx(interval), "p_holm": p}


def test_app_reads_what_is_written(found):
    read = Alike.of(found)
    assert (read.photos, read.kinds) == (3, list(DECODERS))
    assert [len(row.of_seeds) for row in read.rows] == [2, 2]


def test_what_was_not_trained_alike_is_not_compared(folders, photos, photos_folder, tmp_path):
    longer = train(tmp_path / "longer", photos, replace(RECIPE, seed=1, steps=2), ("wavelet",))
    shutil.copytree(folders[0] / "decoders", tmp_path / "mixed" / "decoders")
    shutil.copytree(longer / "decoders", tmp_path / "mixed" / "decoders", dirs_exist_ok=True)
    with pytest.raises(UserError, match="were trained with another steps"):
        measure_alike(photos_folder, [tmp_path / "mixed"], progress_bar=False)
    with pytest.raises(UserError, match="alexnet-conv5-transposed_conv-mse-imagenet is not there"):
        measure_alike(photos_folder, [longer], progress_bar=False)
    with pytest.raises(UserError, match="were not trained with the same seeds"):
        measure_alike(photos_folder, [folders[0], longer], progress_bar=False)


def test_rows_of_other_networks_stay_in_the_file_and_the_same_networks_are_replaced(
    found, folders, photos_folder, tmp_path
):
    path = tmp_path / "alike.json"
    others = [
        row | {"architecture": "resnet34", "layer": "layer2", "weights": "random"} for row in found["rows"]
    ]
    path.write_text(json.dumps(found | {"rows": found["rows"] + others}))
    again = measure_alike(photos_folder, folders[:1], progress_bar=False, earlier=path)
    assert again["rows"][: len(others)] == json.loads(json.dumps(others))
    assert [row["seeds"] for row in again["rows"][len(others) :]] == [[1], [1]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"protocol": {}, "rows": []}', "holds results of other photos"),
        ('{"protocol": {}, "rows": [1]}', "is not a results file"),
        ("{", "is not a results file"),
    ],
)
def test_a_file_of_something_else_is_not_written_over(folders, photos_folder, tmp_path, text, sentence):
    path = tmp_path / "alike.json"
    path.write_text(text)
    with pytest.raises(UserError, match=sentence):
        measure_alike(photos_folder, folders, progress_bar=False, earlier=path)
