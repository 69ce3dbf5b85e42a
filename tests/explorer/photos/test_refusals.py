"""What cannot be used as a photo gets one clear sentence."""

import io
import os
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from explorer.errors import UserError
from explorer.photos import loading
from explorer.photos.loading import load_photo
from tests.explorer.photos.making import (
    RED,
    encoded,
    handmade_png,
    noise,
    plain,
)


def refusal(source) -> str:
    """The one sentence a user reads; fails if anything else is raised, or a warning given."""
    with warnings.catch_warnings(record=True) as given, pytest.raises(UserError) as raised:
        warnings.simplefilter("always")
        load_photo(source)
    assert given == []
    return str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    assert refusal(tmp_path / "no.jpg") == f"{tmp_path / 'no.jpg'} was not found: check the path."
    assert refusal("nul\0byte.jpg").endswith("was not found: check the path.")
    assert "cannot be read (File name too long)" in refusal("x" * 5000)


def test_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a folder: give the path of one photo."


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "was not found" in refusal(tmp_path / "pipe.jpg")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.jpg").touch()
    assert refusal(tmp_path / "empty.jpg") == "empty.jpg is empty: choose another file."
    assert refusal(b"") == "The photo is empty: choose another file."


@pytest.mark.parametrize(
    "data",
    [
        b"this is a text file\n" * 10,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypisom\0\0\0\0isomiso2",
        encoded(noise(), "PPM"),
        encoded(noise(), "ICO"),
    ],
)
def test_what_is_no_supported_image_gets_the_list_of_formats(data, tmp_path):
    (tmp_path / "upload.bin").write_bytes(data)
    sentence = refusal(tmp_path / "upload.bin")
    assert sentence.startswith(
        "upload.bin is no image in a supported format: use JPEG, PNG, WebP, GIF, BMP, TIFF"
    )


@pytest.mark.parametrize("file_format", loading.FORMATS)
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.9])
def test_a_file_that_ends_too_early_is_called_damaged(file_format, kept):
    data = encoded(noise(256, 256), file_format)
    assert refusal(data[: int(len(data) * kept)]) == (
        "The photo is damaged or incomplete: save or download it again."
    )


@pytest.mark.parametrize("place", [0.002, 0.3, 0.7])
def test_a_png_with_wrong_bytes_is_called_damaged(place):
    data = bytearray(encoded(noise(256, 256)))
    at = int(len(data) * place)
    data[at : at + 8] = b"\xff" * 8
    assert "damaged" in refusal(bytes(data))


def test_any_wrong_bytes_give_a_photo_or_a_sentence():
    random = np.random.default_rng(0)
    for file_format in loading.FORMATS:
        data = np.frombuffer(encoded(noise(), file_format), np.uint8)
        for _ in range(40):
            broken = data.copy()
            where = random.integers(0, random.choice([100, len(data)]), 6)
            broken[where] = random.integers(0, 256, 6)
            try:
                assert load_photo(broken.tobytes()).mode == "RGB"
            except UserError as error:
                assert str(error).startswith("The photo")


def test_a_photo_below_32_pixels_is_refused():
    for size in ((1, 1), (31, 500), (500, 31)):
        sentence = refusal(encoded(plain(RED, size=size)))
        assert sentence == (
            f"The photo is {size[0]} x {size[1]} pixels: use a photo whose shorter side has at least 32."
        )
    assert load_photo(encoded(plain(RED, size=(32, 32)))).size == (32, 32)


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_more_than_100_megapixels_are_refused_before_decoding(side, tmp_path):
    (tmp_path / "huge.png").write_bytes(handmade_png(side, side, 8, 2, b""))
    start = time.perf_counter()
    assert refusal(tmp_path / "huge.png") == "huge.png has more than 100 megapixels: make it smaller first."
    assert time.perf_counter() - start < 0.5


def test_the_limit_lies_at_100_megapixels():
    assert "100 megapixels" in refusal(handmade_png(10_001, 10_000, 8, 2, b""))
    assert "damaged" in refusal(handmade_png(10_000, 10_000, 1, 0, b""))  # size accepted, pixels missing
    assert "100 megapixels" in refusal(np.broadcast_to(np.uint8(0), (10_001, 10_000)))


def test_a_photo_longer_than_20_to_1_is_refused():
    assert refusal(encoded(plain(RED, size=(801, 40)))) == (
        "The photo is 801 x 40 pixels: crop it to at most 20 times as long as wide."
    )
    assert load_photo(encoded(plain(RED, size=(40, 800)))).size == (40, 800)


def test_arrays_of_another_range_type_or_shape_are_refused():
    square = (64, 64, 3)
    assert refusal(np.full(square, 200.0)) == (
        "The photo's values lie in [200, 200]: scale them to [0, 1], or use uint8."
    )
    assert "scale them to [0, 1]" in refusal(np.full(square, -0.1))
    assert "scale them to [0, 1]" in refusal(np.full(square, np.nan))
    assert "array of int64 is no photo" in refusal(np.zeros(square, np.int64))
    assert "array of shape (3, 64, 64) is no photo" in refusal(np.zeros((3, 64, 64), np.uint8))
    assert "at least 32" in refusal(np.zeros((0, 0, 3)))


def test_no_photo_at_all_is_refused():
    assert refusal(None) == "No photo was given: choose one or drop one in."
    assert refusal(7) == "Type int is no photo: give a path, bytes, a PIL image or an array."


def test_a_closed_image_is_refused():
    image = Image.open(io.BytesIO(encoded(noise())))
    image.close()
    assert "damaged or incomplete" in refusal(image)
