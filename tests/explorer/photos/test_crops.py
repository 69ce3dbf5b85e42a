"""The part of a photo that is looked at, and the example photos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.photos.crops import crop_at, report_crop, resize_short_side
from explorer.photos.loading import load_photo
from tests.explorer.photos.making import (
    BLACK,
    RED,
    noise,
    plain,
)

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "assets" / "examples").glob("*.jpg"))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 427), (384, 256)), ((427, 640), (256, 384)), ((100, 100), (256, 256)), ((451, 300), (385, 256))],
)
def test_the_short_side_is_resized_and_the_long_side_rounded(size, expected):
    assert resize_short_side(plain(RED, size=size)).size == expected


def test_resizing_averages_what_it_can_no_longer_show():
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    small = np.asarray(resize_short_side(Image.fromarray(stripes), 128))
    assert np.abs(small[:, 4:-4].astype(int) - 128).max() <= 2


def test_the_centre_is_cropped():
    photo = plain(BLACK, size=(256, 300))
    photo.paste(RED, (16, 38, 240, 262))
    assert crop_at(photo).getcolors() == [(224 * 224, RED)]


def test_a_crop_larger_than_the_photo_is_refused():
    with pytest.raises(ValueError, match="cannot crop 224 x 224 pixels from a photo of 300 x 200"):
        crop_at(plain(RED, size=(300, 200)))


def test_a_crop_outside_the_photo_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        crop_at(noise(600, 256), at=(1.5, 0))


def test_a_crop_that_is_moved_lies_where_it_is_told():
    photo = noise(600, 256)
    left, right = crop_at(photo, at=(0, 0.5)), crop_at(photo, at=(1, 0.5))
    assert left.tobytes() == photo.crop((0, 16, 224, 240)).tobytes()
    assert right.tobytes() == photo.crop((376, 16, 600, 240)).tobytes()
    assert crop_at(photo).tobytes() == photo.crop((188, 16, 412, 240)).tobytes()


def test_the_test_crop_of_a_photo_of_short_side_256_is_not_resampled():
    photo = noise(384, 256)
    assert report_crop(photo).tobytes() == photo.crop((80, 16, 304, 240)).tobytes()


@pytest.mark.parametrize(("size", "short_side"), [(224, 256), (112, 128), (96, 110), (448, 512)])
def test_the_test_crop_shows_the_same_view_at_every_size(size, short_side):
    photo = noise(600, 400)
    crop = report_crop(photo, size)
    assert crop.size == (size, size)
    assert crop.tobytes() == crop_at(resize_short_side(photo, short_side), size).tobytes()


def test_there_are_six_examples_each_with_its_credit():
    credits = (EXAMPLES[0].parent / "CREDITS.md").read_text()
    assert len(EXAMPLES) == 6
    assert all(f"`{path.name}`" in credits for path in EXAMPLES)
    assert sum(path.stat().st_size for path in EXAMPLES) < 700_000


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_loads_and_is_large_enough_for_the_test_crop(path):
    photo = load_photo(path)
    assert 256 <= min(photo.size) <= 512
    assert report_crop(photo).size == (224, 224)
