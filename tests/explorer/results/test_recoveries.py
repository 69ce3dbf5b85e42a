"""Searches made beforehand are found by photo and layer, and a damaged one is as none."""

from PIL import Image

from explorer.configurations import Configuration
from explorer.results.recoveries import ShippedRecovery, find_recovery, write_recovery

C = Configuration("alexnet", "conv5", "optimisation", "features")
PHOTO = "0123456789abcdef0123"


def test_a_search_is_read_as_it_was_written(tmp_path):
    frames = [(step, Image.new("RGB", (224, 224), (step, 0, 200))) for step in (0, 100, 250)]
    points = [{"psnr": 14.5, "feature_error": 0.3, "steps": 250, "search_seconds": 20.0}]
    write_recovery(ShippedRecovery(PHOTO, C, points, frames), tmp_path)
    found = find_recovery(PHOTO, Configuration("alexnet", "conv5", "linear", "mse"), tmp_path)
    assert (found.configuration, found.points) == (C, points)
    assert [step for step, _ in found.frames] == [0, 100, 250]
    for step, frame in found.frames:
        assert frame.size == (224, 224)
        assert abs(frame.getpixel((100, 100))[0] - step) < 8


def test_another_photo_or_layer_has_none_and_a_damaged_one_is_none(tmp_path):
    path = write_recovery(ShippedRecovery(PHOTO, C, [{}], [(0, Image.new("RGB", (224, 224)))]), tmp_path)
    assert find_recovery("f" * 16, C, tmp_path) is None
    assert find_recovery(PHOTO, Configuration("alexnet", "conv4"), tmp_path) is None
    path.write_text("{")
    assert find_recovery(PHOTO, C, tmp_path) is None
