"""Readings: the right sentence on either side of every threshold."""

import math

import pytest

from explorer.ui.texts.readings import METRICS, read_lpips, read_mse, read_psnr, read_ssim


@pytest.mark.parametrize(
    ("decibel", "start"),
    [
        (math.inf, "Exactly"),
        (40.0, "To the eye"),
        (39.99, "Very close"),
        (31.0, "Very close"),
        (30.99, "Close"),
        (26.0, "Close"),
        (25.99, "Recognisable"),
        (21.5, "Recognisable"),
        (21.49, "Rough"),
        (14.0, "Rough"),
        (13.99, "Far off"),
        (-3.0, "Far off"),
    ],
)
def test_psnr_reading_changes_at_its_thresholds(decibel, start):
    assert read_psnr(decibel).startswith(start)


@pytest.mark.parametrize(
    ("similarity", "start"),
    [
        (1.0, "Edges and textures are all"),
        (0.97, "Edges and textures are all"),
        (0.969, "Nearly all"),
        (0.88, "Nearly all"),
        (0.879, "Edges are kept"),
        (0.70, "Edges are kept"),
        (0.699, "Main edges"),
        (0.50, "Main edges"),
        (0.499, "Only large"),
        (0.25, "Only large"),
        (0.249, "Hardly"),
        (-0.2, "Hardly"),
    ],
)
def test_ssim_reading_changes_at_its_thresholds(similarity, start):
    assert read_ssim(similarity).startswith(start)


@pytest.mark.parametrize(
    ("distance", "start"),
    [
        (0.0, "The same"),
        (0.02, "The same"),
        (0.021, "Almost"),
        (0.12, "Almost"),
        (0.121, "Somewhat"),
        (0.30, "Somewhat"),
        (0.301, "Clearly"),
        (0.60, "Clearly"),
        (0.601, "Another"),
        (1.5, "Another"),
    ],
)
def test_lpips_reading_changes_at_its_thresholds(distance, start):
    assert read_lpips(distance).startswith(start)


def test_mse_is_read_as_the_typical_error_in_brightness_steps():
    assert "typically off by 26 of 255 steps" in read_mse(0.01)  # root mean square 0.1
    assert "typically off by 255 of 255 steps" in read_mse(1.0)
    assert "typically off by 1 of 255 steps" in read_mse((0.5 / 255) ** 2 * 1.01)
    assert "less than one step" in read_mse((0.5 / 255) ** 2 * 0.99)
    assert "less than one step" in read_mse(0.0)


def test_each_metric_says_which_direction_is_better():
    directions = {metric.key: metric.direction for metric in METRICS}
    assert directions == {
        "psnr": "higher is better",
        "ssim": "higher is better",
        "lpips": "lower is better",
        "mse": "lower is better",
    }


def test_values_are_rounded_to_the_digits_that_mean_something():
    shown = {m.key: m.format(1.23456789) for m in METRICS}
    assert shown == {"psnr": "1.2", "ssim": "1.235", "lpips": "1.235", "mse": "1.2346"}
    assert METRICS[0].format(math.inf) == "∞"
