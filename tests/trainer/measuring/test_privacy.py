"""The privacy study: photos are found again from shallow features, less often the less of them is sent."""

import shutil
from pathlib import Path

import pytest

from explorer.errors import UserError
from explorer.folders import BUNDLED
from trainer.measuring import privacy
from trainer.measuring.privacy import MEASURES, measure_privacy
from trainer.reporting.tables import privacy_table


def copy_decoders(folder: Path, *layers: str) -> Path:
    """Copy the study's decoders of some layers into a folder of checkpoints; return it."""
    (folder / "decoders").mkdir()
    for layer in layers:
        name = f"efficientnet_lite0-{layer}-pixel_shuffle-mse-imagenet.safetensors"
        shutil.copy(BUNDLED / "decoders" / name, folder / "decoders" / name)
    return folder


@pytest.fixture(scope="module")
def study(photos_folder, tmp_path_factory):
    folder = copy_decoders(tmp_path_factory.mktemp("checkpoints"), "stage1", "stage4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(privacy, "SENT", [("", 0.0), ("noise", 2.0)])
        yield measure_privacy(photos_folder, folder, progress_bar=False)


def row(study, layer, operation):
    return next(x for x in study["rows"] if (x["layer"], x["operation"]) == (layer, operation))


def test_shallow_features_give_every_photo_away(study):
    found = row(study, "stage1", "")["mean"]
    assert found["found"] == 1.0
    assert found["psnr"] > 30
    assert set(found) == set(MEASURES)


def test_depth_and_noise_each_hide_more(study):
    plain = row(study, "stage1", "")["mean"]
    for layer, operation in (("stage4", ""), ("stage1", "noise")):
        hidden = row(study, layer, operation)["mean"]
        assert hidden["psnr"] < plain["psnr"] - 5
        assert hidden["kilobytes"] < plain["kilobytes"]
        assert hidden["found"] <= plain["found"]


def test_study_on_a_gpu_finds_what_it_finds_on_the_cpu(cat, tmp_path, monkeypatch, gpu):
    (tmp_path / "photos").mkdir()
    shutil.copy(cat, tmp_path / "photos")
    copy_decoders(tmp_path, "stage4")
    monkeypatch.setattr(privacy, "SENT", [("noise", 2.0)])
    there, here = (
        measure_privacy(tmp_path / "photos", tmp_path, device=device, progress_bar=False)
        for device in (gpu, "cpu")
    )
    assert there == here


def test_without_a_decoder_it_is_one_sentence(photos_folder, tmp_path):
    with pytest.raises(UserError, match="No layer of alexnet"):
        measure_privacy(photos_folder, tmp_path, "alexnet", progress_bar=False)


def test_table_has_a_line_a_layer(study):
    lines = privacy_table(study).splitlines()
    assert lines[0].startswith("| layer | sent as they are |") and len(lines) == 4
    assert lines[2].startswith("| stage1 | 100% | – |") and lines[3].startswith("| stage4 |")
