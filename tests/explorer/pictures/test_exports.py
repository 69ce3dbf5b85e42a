"""Files to take away hold what is on the page, to the pixel and the digit."""

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.errors import UserError
from explorer.pictures.exports import animation, captioned, pack, save_png, table
from tests.explorer.photos.making import BLUE, RED, noise, plain


@pytest.fixture(scope="module")
def result(explorer, cat):
    return explorer.reconstruct(cat, layer="block2", decoder="linear")


@pytest.fixture(scope="module")
def archive(result, explorer, cat):
    with zipfile.ZipFile(io.BytesIO(pack(result, explorer.features(cat, layer="block2"), "grey"))) as file:
        yield file


def test_the_archive_holds_pictures_figures_and_channels(archive):
    assert set(archive.namelist()) == {
        *("original.png", "reconstruction.png", "error.png", "feature_maps.png"),
        *("metrics.json", "metrics.csv", "channels.csv"),
    }
    assert archive.testzip() is None


@pytest.mark.parametrize("name", ["original", "reconstruction", "error"])
def test_its_pictures_are_the_results_own(archive, result, name):
    stored = Image.open(io.BytesIO(archive.read(f"{name}.png")))
    assert np.array_equal(np.asarray(stored), np.asarray(getattr(result, name)))


def test_its_figures_are_the_results_own(archive, result):
    figures = json.loads(archive.read("metrics.json"))
    assert figures == result.to_dict()
    (row,) = csv.DictReader(io.StringIO(archive.read("metrics.csv").decode()))
    assert float(row["psnr"]) == figures["psnr"]
    channels = list(csv.DictReader(io.StringIO(archive.read("channels.csv").decode())))
    assert len(channels) == 128


def test_the_animation_shows_the_original_and_then_every_layer(explorer, cat):
    found = explorer.depth(cat, decoder="linear")
    frames = [(x.reconstruction, x.configuration.layer) for x in found]
    with Image.open(io.BytesIO(animation(frames, found[0].original))) as gif:
        assert (gif.format, gif.n_frames) == ("GIF", 1 + len(found))
        assert gif.size == (448, 484)
        gif.seek(1)
        drawn = np.asarray(gif.convert("RGB").resize((224, 242), 0), float)[:224]
    assert np.abs(drawn - np.asarray(found[0].reconstruction, float)).mean() < 12  # 256 colours


def test_a_caption_stands_below_the_picture_and_leaves_it_alone():
    card = np.asarray(captioned(Image.new("RGB", (10, 10), "red"), "block1"))
    assert (card[:20, :20] == [255, 0, 0]).all()
    assert (card[20:] < 128).any()  # letters


def test_a_table_has_a_header_and_a_line_for_each_row():
    assert table([{"a": 1, "b": "x,y"}, {"a": 2, "b": ""}]) == 'a,b\n1,"x,y"\n2,\n'


def test_a_saved_png_holds_the_same_pixels_and_nothing_else_is_left(tmp_path):
    save_png(noise(), tmp_path / "new" / "photo.png")
    assert Image.open(tmp_path / "new" / "photo.png").tobytes() == noise().tobytes()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["photo.png"]


def test_a_png_that_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "photo.png"
    save_png(plain(RED), path)

    def full_disk(self, file, format):
        Path(file).write_bytes(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(UserError, match=r"photo.png cannot be written \(No space left on device\)"):
        save_png(plain(BLUE), path)
    assert Image.open(path).getpixel((0, 0)) == RED
    assert list(tmp_path.iterdir()) == [path]


def test_a_png_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        save_png(plain(RED), tmp_path / "file" / "photo.png")
