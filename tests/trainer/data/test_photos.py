import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from explorer.errors import UserError
from explorer.photos.crops import report_crop
from explorer.photos.loading import load_photo
from explorer.photos.tensors import to_tensor
from trainer.data.photos import PhotoSet, load_set, load_train_val, report_photos


@pytest.fixture(scope="module")
def photos_folder(cat) -> Path:
    """The folder of all six example photos."""
    return cat.parent


@pytest.fixture(scope="module")
def photos(photos_folder) -> PhotoSet:
    return load_set(photos_folder, progress=False)


def test_photos_are_held_with_a_short_side_of_256(photos):
    assert len(photos.photos) == 6
    assert all(min(photo.shape[1:]) == 256 and photo.dtype == torch.uint8 for photo in photos.photos)


def test_training_photos_keep_their_size_where_it_is_asked_for(photos_folder, photos):
    large = load_set(photos_folder, largest=300, progress=False)
    assert {min(photo.shape[1:]) for photo in large.photos} == {300}
    assert torch.allclose(large.centre_crops(), photos.centre_crops(), atol=0.15)
    assert (large.centre_crops() - photos.centre_crops()).abs().mean() < 0.01


def test_crops_depend_on_seed_and_step_alone(photos):
    crops = photos.random_crops(step=3, batch=4, size=64, seed=1)
    assert crops.shape == (4, 3, 64, 64)
    assert crops.min() >= 0 and crops.max() <= 1
    assert torch.equal(crops, photos.random_crops(3, 4, 64, 1))
    assert not torch.equal(crops, photos.random_crops(4, 4, 64, 1))
    assert not torch.equal(crops, photos.random_crops(3, 4, 64, 2))


def test_about_half_of_the_crops_are_mirrored(photos):
    marked = photos.subset([0])
    marked.photos[0] = torch.arange(256, dtype=torch.uint8).expand(3, 256, 256)
    crops = marked.random_crops(0, 200, 256, 0)
    mirrored = (crops[:, 0, 0, 0] > crops[:, 0, 0, -1]).float().mean().item()
    assert 0.35 < mirrored < 0.65


def test_centre_crops_are_the_report_crops(photos, photos_folder):
    expected = [to_tensor(report_crop(load_photo(photos_folder / name))) for name in photos.names]
    assert torch.equal(photos.centre_crops(), torch.stack(expected))
    names, reported = report_photos(photos_folder)
    assert names == photos.names and torch.equal(reported, torch.stack(expected))


def test_limit_spreads_over_the_set(photos):
    assert torch.equal(photos.centre_crops(limit=3), photos.centre_crops()[[0, 2, 4]])


def test_broken_photos_are_skipped_counted_and_named(photos_folder, tmp_path, caplog):
    shutil.copytree(photos_folder, tmp_path / "mixed")
    (tmp_path / "mixed/broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "mixed/notes.txt").write_text("no photo")
    Image.new("RGB", (1, 1)).save(tmp_path / "mixed/dot.png")
    found = load_set(tmp_path / "mixed", progress=False)
    assert len(found.photos) == 6
    assert "2 of 8 photos skipped: broken.jpg, dot.png" in caplog.text


def test_folder_without_photos_is_refused(tmp_path):
    with pytest.raises(UserError, match="no photos"):
        load_set(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        load_set(tmp_path / "missing")
    (tmp_path / "broken.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match="None of the 1 photos"):
        load_set(tmp_path, progress=False)


def test_plain_folder_is_split_by_seed_and_train_val_folders_are_used(photos_folder, tmp_path):
    train, val = load_train_val(photos_folder, seed=1, progress=False)
    assert (len(train.photos), len(val.photos)) == (5, 1)
    assert set(train.names).isdisjoint(val.names)
    assert load_train_val(photos_folder, seed=1, progress=False)[1].names == val.names
    (tmp_path / "val").mkdir()
    shutil.copytree(photos_folder, tmp_path / "train")
    shutil.copy(photos_folder / "cat.jpg", tmp_path / "val")
    train, val = load_train_val(tmp_path, progress=False)
    assert (len(train.photos), val.names) == (6, ["cat.jpg"])


def test_digest_tells_sets_apart(photos):
    assert photos.digest == photos.subset(range(6)).digest
    assert photos.digest != photos.subset([0, 1, 2, 3, 4]).digest
