import numpy as np
import pytest
from PIL import Image

from explorer.errors import UserError
from explorer.pictures.colours import colourise
from explorer.pictures.feature_maps import FeatureMaps


@pytest.fixture
def maps() -> FeatureMaps:
    """70 channels of 3 x 4 whose strength grows with their number."""
    ramp = np.arange(12, dtype=np.float32).reshape(3, 4)
    return FeatureMaps(np.stack([channel * ramp for channel in range(70)]))


def test_strongest_channels_come_first(maps):
    assert maps.order[:3] == [69, 68, 67]
    assert maps.order[-1] == 0
    assert maps.strength[2] == pytest.approx(2 * np.sqrt((np.arange(12) ** 2).mean()))


def test_pages_hold_every_channel_once(maps):
    assert maps.pages() == 2
    channels = maps.page_channels(0) + maps.page_channels(1)
    assert len(maps.page_channels(0)) == 64
    assert sorted(channels) == list(range(70))


def test_mosaic_puts_the_strongest_channel_top_left_enlarged_by_whole_pixels(maps):
    mosaic = maps.mosaic()
    zoom = 112 // 4
    tile = np.asarray(maps.channel_image(69).resize((4 * zoom, 3 * zoom), 0))
    assert mosaic.size == (8 * (4 * zoom + 4) - 4, 8 * (3 * zoom + 4) - 4)
    assert np.array_equal(np.asarray(mosaic.convert("RGB"))[: 3 * zoom, : 4 * zoom], tile)


def test_last_page_is_as_high_as_its_rows(maps):
    assert maps.mosaic(1).size[1] == 3 * 28


def test_page_that_is_not_there_is_refused(maps):
    for page in (-1, 2):
        with pytest.raises(UserError, match="choose one of 0 to 1"):
            maps.mosaic(page)


def test_constant_channel_is_drawn_and_not_divided_by_zero():
    maps = FeatureMaps(np.zeros((1, 2, 2), np.float32))
    assert len(set(maps.channel_image(0).getdata())) == 1


def test_statistics_are_those_of_the_channel(maps):
    row = maps.statistics()[0]
    assert (row["rank"], row["channel"], row["min"], row["max"]) == (1, 69, 0, 69 * 11)
    assert row["zeros"] == pytest.approx(1 / 12)


def test_colour_scales_have_their_ends_and_a_neutral_middle():
    values = np.array([[-1.0, 0.0, 1.0, 9.0]])
    diverging = np.asarray(colourise(values, -1, 1, "diverging"))[0].astype(int)
    blue, middle, red, beyond = diverging
    assert blue[2] > blue[0] + 50 and red[0] > red[2] + 50
    assert np.ptp(middle) < 8
    assert np.array_equal(red, beyond)
    dark, *_, light = np.asarray(colourise(np.array([[0.0, 0.5, 1.0]]), 0, 1, "viridis"))[0].astype(int)
    assert dark.tolist() == [68, 1, 84] and light.tolist() == [253, 231, 37]


def test_a_click_in_the_mosaic_finds_the_channel_drawn_there(maps):
    zoom = 112 // 4
    assert maps.channel_at(0, 0) == 69
    assert maps.channel_at(4 * zoom + 4, 3 * zoom + 4) == maps.order[9]
    assert maps.channel_at(1, 1, page=1) == maps.order[64]


@pytest.mark.parametrize(("x", "y"), [(4 * 28 + 1, 5), (5, 3 * 28 + 1), (-1, 5), (10_000, 5), (5, 10_000)])
def test_a_click_between_or_beside_the_channels_finds_none(maps, x, y):
    assert maps.channel_at(x, y) is None


def test_a_map_over_the_photo_shows_both(maps):
    photo = Image.new("RGB", (224, 224), "white")
    light, dark = (maps.over_photo(69, Image.new("RGB", (224, 224), colour)) for colour in ("white", "black"))
    drawn = maps.channel_image(69).resize((224, 224), Image.Resampling.NEAREST)
    assert light.size == photo.size
    mean = (np.asarray(light, float) + np.asarray(dark, float)) / 2
    expected = 0.65 * np.asarray(drawn, float) + 0.35 * 127.5
    assert np.abs(mean - expected).max() <= 1


def test_a_histogram_counts_every_value_once(maps):
    assert maps.histogram(3, bins=5).sum() == 12
    assert maps.histogram(3, bins=2).tolist() == [6, 6]


def test_other_colours_draw_the_same_map(maps):
    grey = np.asarray(maps.channel_image(5, "grey"))
    assert grey.min() == 0 and grey.max() == 255
    assert (grey[..., 0] == grey[..., 2]).all()
