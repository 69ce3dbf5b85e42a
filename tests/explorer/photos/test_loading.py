"""Any upload becomes one upright, opaque, 8-bit sRGB photo."""

import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from explorer.errors import UserError
from explorer.photos import loading
from explorer.photos.loading import load_photo
from tests.explorer.photos.making import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    colour_of,
    encoded,
    handmade_png,
    noise,
    plain,
    swapped_profile,
)

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


def test_a_heic_stays_within_its_own_rounding_and_is_not_turned_twice():
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    photo = load_photo(encoded(plain((200, 100, 50), size=(64, 48)), "HEIF", quality=90, exif=turned))
    assert np.abs(np.subtract(photo.getpixel((32, 24)), (200, 100, 50))).max() <= 4
    assert photo.size == (64, 48)  # the format has its turns beside EXIF, and its library makes them


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


@pytest.mark.parametrize(("file_format", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})])
def test_an_animation_gives_its_first_frame(file_format, options):
    frames = {"save_all": True, "append_images": [plain(GREEN), plain(BLUE)], "duration": 100}
    data = encoded(plain(RED), file_format, **frames, **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert colour_of(data) == RED


def test_a_tiff_of_several_pages_gives_its_first_page():
    assert colour_of(encoded(plain(RED), "TIFF", save_all=True, append_images=[plain(BLUE)])) == RED


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


def test_a_huge_jpeg_is_decoded_at_half_its_size():
    assert load_photo(encoded(plain(128, "L", (4200, 4100)), "JPEG")).size == (2100, 2050)
    assert load_photo(encoded(plain(128, "L", (4200, 4000)), "JPEG")).size == (4200, 4000)
