"""Any upload becomes one upright, opaque, 8-bit sRGB photo, or one clear sentence."""

import io
import os
import struct
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from explorer.errors import UserError
from explorer.photos import loading
from explorer.photos.crops import centre_crop, report_crop, resize_short_side
from explorer.photos.loading import load_photo
from explorer.photos.tensors import to_pil, to_tensor
from explorer.pictures.exports import save_png

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "assets" / "examples").glob("*.jpg"))


def encoded(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def plain(colour, mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.new(mode, size, colour)


def noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def handmade_png(width: int, height: int, depth: int, colour_type: int, row: bytes, *extra: bytes) -> bytes:
    """A PNG of one repeated row, for what Pillow does not write; `extra` chunks are type + data."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress((b"\0" + row) * (height if row else 1))
    chunks = (header, *extra, pixels, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def swapped_profile() -> bytes:
    """A colour profile that calls green what sRGB calls red, and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tmp!", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tmp!", b"gXYZ", 1)


def colour_of(source) -> tuple[int, int, int]:
    """The one colour of a photo that has only one."""
    photo = load_photo(source)
    assert photo.mode == "RGB"
    colours = photo.getcolors()
    assert len(colours) == 1
    return colours[0][1]


# What may be given


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF"])
def test_lossless_files_come_back_pixel_by_pixel(file_format):
    assert load_photo(encoded(noise(), file_format)).tobytes() == noise().tobytes()


def test_a_path_a_text_path_bytes_a_pil_image_and_an_array_give_the_same_photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(noise()))
    for source in (path, str(path), path.read_bytes(), Image.open(path), np.asarray(noise())):
        assert load_photo(source).tobytes() == noise().tobytes()


@pytest.mark.parametrize(("file_format", "options"), [("WEBP", {"lossless": True}), ("GIF", {})])
def test_other_formats_keep_a_plain_colour(file_format, options):
    assert colour_of(encoded(plain(RED), file_format, **options)) == RED


def test_a_jpeg_stays_within_its_own_rounding():
    assert np.abs(np.subtract(colour_of(encoded(plain((200, 100, 50)), "JPEG")), (200, 100, 50))).max() <= 2


@pytest.mark.skipif("AVIF" not in loading.FORMATS, reason="this Pillow reads no AVIF")
def test_an_avif_stays_within_its_own_rounding():
    found = colour_of(encoded(plain((200, 100, 50)), "AVIF", quality=90))
    assert np.abs(np.subtract(found, (200, 100, 50))).max() <= 4


def test_the_given_image_is_left_as_it_was():
    given = plain(RED, "RGBA")
    given.info["icc_profile"] = swapped_profile()
    photo = load_photo(given)
    photo.putpixel((0, 0), BLACK)
    assert (given.mode, given.getpixel((0, 0)), "icc_profile" in given.info) == ("RGBA", (*RED, 255), True)


def test_arrays_may_be_grey_rgb_rgba_or_float():
    assert colour_of(np.full((48, 64), 200, np.uint8)) == (200, 200, 200)
    assert colour_of(np.full((48, 64, 3), RED, np.uint8)) == RED
    assert colour_of(np.full((48, 64, 4), (255, 0, 0, 0), np.uint8)) == WHITE
    assert colour_of(np.full((48, 64, 3), (1.0, 0.5, 0.0))) == (255, 128, 0)
    assert colour_of(np.asarray(plain(RED))[::-1, ::-1]) == RED
    assert load_photo(np.zeros((48, 64, 3), np.uint8)).size == (64, 48)


def test_photos_can_be_loaded_from_many_threads_without_touching_the_warning_filters():
    filters, data = list(warnings.filters), encoded(noise())
    with ThreadPoolExecutor(8) as pool:
        photos = list(pool.map(load_photo, [data] * 40))
    assert {photo.tobytes() for photo in photos} == {noise().tobytes()}
    assert list(warnings.filters) == filters


# Upright

# The EXIF standard: at which corners of the upright photo the stored top left and top right pixels belong.
LEFT_TOP, RIGHT_TOP, LEFT_BOTTOM, RIGHT_BOTTOM = (0, 0), (1, 0), (0, 1), (1, 1)
ORIENTATIONS = {
    1: (LEFT_TOP, RIGHT_TOP),
    2: (RIGHT_TOP, LEFT_TOP),
    3: (RIGHT_BOTTOM, LEFT_BOTTOM),
    4: (LEFT_BOTTOM, RIGHT_BOTTOM),
    5: (LEFT_TOP, LEFT_BOTTOM),
    6: (RIGHT_TOP, RIGHT_BOTTOM),
    7: (RIGHT_BOTTOM, RIGHT_TOP),
    8: (LEFT_BOTTOM, LEFT_TOP),
}


@pytest.mark.parametrize(
    ("file_format", "options"),
    [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 95, "subsampling": 0})],
)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_exif_orientation_turns_the_photo_upright(orientation, file_format, options):
    stored = plain(WHITE, size=(80, 48))
    stored.paste(RED, (0, 0, 16, 16))
    stored.paste(BLUE, (64, 0, 80, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation

    photo = load_photo(encoded(stored, file_format, exif=exif, **options))

    assert photo.size == ((80, 48) if orientation < 5 else (48, 80))
    for corner, colour in zip(ORIENTATIONS[orientation], (RED, BLUE), strict=True):
        place = tuple(4 if end == 0 else side - 5 for end, side in zip(corner, photo.size, strict=True))
        assert np.abs(np.subtract(photo.getpixel(place), colour)).max() <= 3


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
def test_broken_exif_data_is_passed_over(exif):
    photo = load_photo(encoded(plain(RED), "JPEG", exif=exif))
    assert photo.size == (64, 48)


# Opaque


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_transparent_pixels_become_white(file_format):
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    assert colour_of(encoded(plain((255, 0, 0, 0), "RGBA"), file_format, **options)) == WHITE
    assert colour_of(encoded(plain((255, 0, 0, 255), "RGBA"), file_format, **options)) == RED


def test_half_transparent_black_becomes_the_middle_grey():
    assert colour_of(encoded(plain((0, 0, 0, 128), "RGBA"))) == (127, 127, 127)
    assert colour_of(encoded(plain((0, 128), "LA"))) == (127, 127, 127)


def test_transparent_palette_entries_become_white():
    palette = plain(0, "P")
    palette.putpalette([*RED, *GREEN, *BLUE])
    palette.paste(1, (32, 0, 64, 48))
    for transparency, left, right in (
        (0, WHITE, GREEN),
        (b"\x00\xff", WHITE, GREEN),
        (b"\xff\x00", RED, WHITE),
    ):
        photo = load_photo(encoded(palette, transparency=transparency))
        assert (photo.getpixel((0, 0)), photo.getpixel((63, 0))) == (left, right)
    assert load_photo(encoded(palette, "GIF", transparency=1)).getpixel((63, 0)) == WHITE


@pytest.mark.parametrize(
    ("image", "transparency", "expected"),
    [
        (plain(RED), RED, WHITE),
        (plain(RED), BLUE, RED),
        (plain(9, "L"), 9, WHITE),
        (plain(9, "L"), 8, (9, 9, 9)),
        (plain(0, "1"), 0, WHITE),
        (Image.fromarray(np.full((48, 64), 300, np.uint16)), 300, WHITE),
        (Image.fromarray(np.full((48, 64), 300, np.uint16)), 301, (1, 1, 1)),
    ],
)
def test_the_colour_that_a_png_names_transparent_becomes_white(image, transparency, expected):
    assert colour_of(encoded(image, transparency=transparency)) == expected


# The first frame


@pytest.mark.parametrize(("file_format", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})])
def test_an_animation_gives_its_first_frame(file_format, options):
    frames = {"save_all": True, "append_images": [plain(GREEN), plain(BLUE)], "duration": 100}
    data = encoded(plain(RED), file_format, **frames, **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert colour_of(data) == RED


def test_a_tiff_of_several_pages_gives_its_first_page():
    assert colour_of(encoded(plain(RED), "TIFF", save_all=True, append_images=[plain(BLUE)])) == RED


# 8 bits


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (255, 1), (32767, 127), (32768, 128), (65535, 255)])
def test_16_bit_grey_is_scaled_and_not_clipped(value, expected):
    grey = Image.fromarray(np.full((48, 64), value, np.uint16))
    for source in (encoded(grey), encoded(grey, "TIFF"), grey, plain(value, "I"), plain(value, "I;16B")):
        assert colour_of(source) == (expected, expected, expected)


def test_32_bit_integers_are_refused_as_their_range_is_unknown():
    for value in (65536, -1):
        with pytest.raises(UserError, match="32 bits a pixel: save it with 8 or 16 bits"):
            load_photo(plain(value, "I"))


def test_16_bit_rgb_is_scaled():
    row = struct.pack(">HHH", 65535, 32768, 0) * 64
    assert colour_of(handmade_png(64, 48, 16, 2, row)) == (255, 128, 0)


def test_16_bit_rgba_is_scaled_and_laid_on_white():
    row = struct.pack(">HHHH", 65535, 0, 0, 0) * 64
    assert colour_of(handmade_png(64, 48, 16, 6, row)) == WHITE


def test_one_bit_greyscale_and_palette_images_keep_their_colours():
    assert colour_of(encoded(plain(1, "1"))) == WHITE
    assert colour_of(encoded(plain(0, "1"))) == BLACK
    assert colour_of(encoded(plain(77, "L"))) == (77, 77, 77)
    assert colour_of(encoded(plain(RED).quantize(4))) == RED


def test_float_images_count_from_0_to_1():
    assert colour_of(encoded(plain(0.5, "F"), "TIFF")) == (128, 128, 128)
    with pytest.raises(UserError, match="scale them to"):
        load_photo(plain(200.0, "F"))


# sRGB


@pytest.mark.parametrize(
    ("ink", "expected"),
    [((0, 255, 255, 0), RED), ((0, 0, 0, 0), WHITE), ((0, 0, 0, 255), BLACK), ((255, 255, 0, 0), BLUE)],
)
def test_cmyk_inks_become_the_colours_they_print(ink, expected):
    jpeg = encoded(plain(ink, "CMYK"), "JPEG", quality=95)
    assert b"Adobe" in jpeg  # such files hold the inks inverted
    assert np.abs(np.subtract(colour_of(jpeg), expected)).max() <= 2
    assert colour_of(encoded(plain(ink, "CMYK"), "TIFF")) == expected


def test_an_embedded_profile_is_converted_to_srgb():
    for file_format in ("PNG", "TIFF"):
        data = encoded(plain(RED), file_format, icc_profile=swapped_profile())
        assert colour_of(data) == GREEN


def test_a_profile_is_applied_to_transparent_and_palette_images_too():
    assert colour_of(encoded(plain((*RED, 255), "RGBA"), icc_profile=swapped_profile())) == GREEN
    assert colour_of(encoded(plain(RED).quantize(4), icc_profile=swapped_profile())) == GREEN


def test_an_srgb_profile_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert load_photo(encoded(noise(), icc_profile=profile)).tobytes() == noise().tobytes()


def test_a_broken_profile_or_one_for_another_colour_space_is_passed_over():
    assert colour_of(encoded(plain(RED), icc_profile=b"garbage" * 40)) == RED
    assert colour_of(encoded(plain(77, "L"), icc_profile=swapped_profile())) == (77, 77, 77)
    assert colour_of(encoded(plain((0, 255, 255, 0), "CMYK"), "TIFF", icc_profile=swapped_profile())) == RED


def test_a_profile_is_not_applied_twice():
    once = load_photo(encoded(plain(RED), icc_profile=swapped_profile()))
    assert colour_of(encoded(once)) == GREEN


def test_lab_images_become_the_colours_they_name():
    white = colour_of(encoded(plain((255, 128, 128), "LAB"), "TIFF"))
    assert np.abs(np.subtract(white, 255)).max() <= 1
    middle = colour_of(encoded(plain((128, 128, 128), "LAB"), "TIFF"))  # CIE lightness 50.2
    assert np.abs(np.subtract(middle, 119)).max() <= 2


# Refusals


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
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
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


# Size and crops


def test_a_huge_jpeg_is_decoded_at_half_its_size():
    assert load_photo(encoded(plain(128, "L", (4200, 4100)), "JPEG")).size == (2100, 2050)
    assert load_photo(encoded(plain(128, "L", (4200, 4000)), "JPEG")).size == (4200, 4000)


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
    assert centre_crop(photo).getcolors() == [(224 * 224, RED)]


def test_a_crop_larger_than_the_photo_is_refused():
    with pytest.raises(ValueError, match="cannot crop 224 x 224 pixels from a photo of 300 x 200"):
        centre_crop(plain(RED, size=(300, 200)))


def test_the_test_crop_of_a_photo_of_short_side_256_is_not_resampled():
    photo = noise(384, 256)
    assert report_crop(photo).tobytes() == photo.crop((80, 16, 304, 240)).tobytes()


@pytest.mark.parametrize(("size", "short_side"), [(224, 256), (112, 128), (96, 110), (448, 512)])
def test_the_test_crop_shows_the_same_view_at_every_size(size, short_side):
    photo = noise(600, 400)
    crop = report_crop(photo, size)
    assert crop.size == (size, size)
    assert crop.tobytes() == centre_crop(resize_short_side(photo, short_side), size).tobytes()


# Tensors and files


def test_a_tensor_has_three_channels_in_0_to_1():
    tensor = to_tensor(plain((255, 51, 0)))
    assert (tensor.shape, tensor.dtype) == ((3, 48, 64), torch.float32)
    assert tensor[:, 10, 20].tolist() == pytest.approx([1.0, 0.2, 0.0])


def test_only_rgb_photos_become_tensors():
    with pytest.raises(ValueError, match="expected an RGB photo, got mode L"):
        to_tensor(plain(0, "L"))


def test_photo_to_tensor_and_back_changes_nothing():
    assert to_pil(to_tensor(noise())).tobytes() == noise().tobytes()


def test_values_are_rounded_and_not_cut_off():
    assert to_pil(torch.full((3, 2, 2), 0.999)).getpixel((0, 0)) == WHITE
    assert to_pil(torch.full((3, 2, 2), 1 + 5e-7, requires_grad=True)).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_tensors_outside_0_to_1_are_refused_and_not_clipped(value):
    image01 = torch.zeros(3, 4, 4)
    image01[1, 2, 3] = value
    with pytest.raises(ValueError, match=r"expected finite values in \[0, 1\]"):
        to_pil(image01)


@pytest.mark.parametrize(
    "tensor", [torch.zeros(1, 3, 4, 4), torch.zeros(4, 4, 3), torch.zeros(3, 4, 4, dtype=torch.uint8)]
)
def test_tensors_of_another_shape_or_type_are_refused(tensor):
    with pytest.raises(ValueError, match=r"expected a float tensor \(3, H, W\)"):
        to_pil(tensor)


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


# The bundled examples


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
