"""Colour scales: viridis or another for feature maps, blue-white-red with zero in the middle for errors.

All of them can be read by colour-blind viewers, and the sequential ones in grey as well.
"""

from functools import lru_cache

import numpy as np
from PIL import Image
from plotly.colors import diverging, sample_colorscale, sequential

MAP_SCALES = ("viridis", "cividis", "magma", "grey")  # for feature maps, the usual one first
SCALES = {
    "viridis": sequential.Viridis,
    "cividis": sequential.Cividis,
    "magma": sequential.Magma,
    "grey": ["rgb(0, 0, 0)", "rgb(255, 255, 255)"],
    "diverging": diverging.RdBu[::-1],
}
LEVELS = 255  # odd, so that zero has the middle of a diverging scale; a palette has room for one colour more
GRADIENT_STOPS = 9
ERROR_RANGE = 0.25  # luminance error at which the colours of an error map end


@lru_cache(maxsize=len(SCALES))
def lookup_table(scale: str) -> np.ndarray:
    """Return the (255, 3) uint8 colours of a scale, lowest value first."""
    colours = sample_colorscale(SCALES[scale], np.linspace(0, 1, LEVELS), colortype="tuple")
    return np.rint(np.array(colours) * 255).astype(np.uint8)


def levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the rows of `lookup_table` for values: `low` and below the first, `high` and above the last."""
    position = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.rint(position.clip(0, 1) * (LEVELS - 1)).astype(np.uint8)


def colourise(values: np.ndarray, low: float, high: float, scale: str) -> Image.Image:
    """Return (H, W) values as RGB; `low` and below the first colour, `high` and above the last."""
    return Image.fromarray(lookup_table(scale)[levels(values, low, high)])


def error_picture(errors: np.ndarray) -> Image.Image:
    """Return signed luminance errors (H, W) as RGB: blue too dark, white right, red too bright."""
    return colourise(errors, -ERROR_RANGE, ERROR_RANGE, "diverging")


def gradient(scale: str) -> str:
    """Return a scale's colours from lowest to highest, as CSS writes them in a gradient."""
    stops = np.linspace(0, LEVELS - 1, GRADIENT_STOPS).round().astype(int)
    return ", ".join(f"rgb({r} {g} {b})" for r, g, b in lookup_table(scale)[stops])
