import numpy as np
import pytest
from PIL import ExifTags, Image

from explorer import UserError
from explorer.photos.masks import read_mask

PHOTO = (1024, 512)


def left_half(width: int, height: int) -> np.ndarray:
    return np.tile(np.arange(width) < width // 2, (height, 1))


def test_mask_of_the_crop_is_taken_pixel_by_pixel():
    painted = left_half(224, 224)
    assert np.array_equal(read_mask(painted, PHOTO), painted)
    assert np.array_equal(read_mask(painted * 0.9, PHOTO), painted)
    assert np.array_equal(read_mask(painted.astype(np.uint8) * 255, PHOTO), painted)


def test_mask_of_the_whole_photo_is_cropped_like_it():
    assert np.array_equal(read_mask(left_half(*PHOTO), PHOTO), left_half(224, 224))
    border = np.ones((512, 1024), bool)
    border[20:-20, 270:-270] = False  # only outside the central part, which is 448 x 448 of these pixels
    with pytest.raises(UserError, match="empty"):
        read_mask(border, PHOTO)


def test_mask_of_the_whole_photo_is_cropped_where_the_photo_is():
    assert read_mask(left_half(*PHOTO), PHOTO, at=(0, 0.5)).all()
    painted = read_mask(left_half(*PHOTO), PHOTO, at=(0.8, 0.5))  # its left edge is column 230 of 512
    assert painted[:, :24].all() and not painted[:, 28:].any()


def test_mask_file_is_read_and_white_is_painted(tmp_path):
    Image.fromarray(left_half(224, 224)).save(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png", PHOTO), left_half(224, 224))
    assert np.array_equal(read_mask(str(tmp_path / "mask.png"), PHOTO), left_half(224, 224))
    assert np.array_equal(read_mask((tmp_path / "mask.png").read_bytes(), PHOTO), left_half(224, 224))


@pytest.mark.parametrize("colour", ["black", "white", "red"])
def test_on_a_transparent_layer_strokes_of_any_colour_are_painted(tmp_path, colour):
    layer = Image.new("RGBA", (224, 224), (0, 0, 0, 0))
    layer.paste(Image.new("RGBA", (112, 224), colour), (0, 0))
    layer.save(tmp_path / "layer.png")
    for source in (layer, np.asarray(layer), tmp_path / "layer.png"):
        assert np.array_equal(read_mask(source, PHOTO), left_half(224, 224))


def test_opaque_picture_with_an_opacity_channel_is_read_by_its_brightness():
    opaque = Image.fromarray(left_half(224, 224)).convert("RGBA")
    assert np.array_equal(read_mask(opaque, PHOTO), left_half(224, 224))


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_mask_is_turned_upright_as_the_photo_is(tmp_path, mode):
    painted = Image.fromarray(left_half(1024, 512)).convert("L")
    layer = Image.new("RGBA", painted.size, "red")
    layer.putalpha(painted)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned to the right
    (painted if mode == "L" else layer).rotate(90, expand=True).save(tmp_path / "mask.png", exif=exif)
    assert np.array_equal(read_mask(tmp_path / "mask.png", PHOTO), left_half(224, 224))


def test_mask_of_another_format_than_photos_is_refused(tmp_path):
    Image.new("RGBA", (224, 224)).save(tmp_path / "mask.ico", sizes=[(224, 224)])
    with pytest.raises(UserError, match="mask cannot be used"):
        read_mask(tmp_path / "mask.ico", PHOTO)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (np.zeros((224, 224), bool), "empty"),
        (np.full((224, 224), 0.3), "empty"),
        (
            np.ones((480, 480), bool),
            r"480 x 480 pixels: use the photo's own shape \(1024 x 512\), or 224 x 224",
        ),
        (np.full((224, 224), 7.0), "mask cannot be used"),
        ("/no/such/mask.png", "mask cannot be used.*not found"),
        (object(), "mask cannot be used"),
    ],
)
def test_mask_that_cannot_be_used_is_one_sentence(source, said):
    with pytest.raises(UserError, match=said):
        read_mask(source, PHOTO)
