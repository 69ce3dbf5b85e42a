"""Readings: one short plain sentence for the value of a metric.

The thresholds are not laws. They lie between kinds of damage that everybody knows, measured on 100 photos of
224 x 224 pixels with `explorer.measures.metrics` (medians):

    damage                     PSNR    SSIM   LPIPS
    JPEG, quality 95           40.8   0.990   0.004
    JPEG, quality 75           32.5   0.936   0.023
    JPEG, quality 25           27.5   0.839   0.121
    blur, sigma 1 pixel        26.5   0.829   0.288
    JPEG, quality 10           24.7   0.725   0.265
    blur, sigma 2              22.9   0.628   0.567
    blur, sigma 5              20.2   0.422   0.798
    reduced to 7 x 7 pixels    17.2   0.311   0.883
    plain grey                 12.1   0.248   0.972
    a different photo           9.7   0.097   0.738

LPIPS asks a trained network, so its sentences say who judges: a decoder trained on LPIPS pleases that network
more than the eye.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

# The lowest value a sentence holds for, best first.
PSNR_FLOORS = [
    (40, "To the eye, the same picture."),
    (31, "Very close: hard to tell apart at a glance."),
    (26, "Close: small differences, such as softer texture."),
    (21.5, "Recognisable: differences are easy to see."),
    (14, "Rough: broad shapes and colours agree."),
    (-math.inf, "Far off: hardly better than plain grey."),
]
SSIM_FLOORS = [
    (0.97, "Edges and textures are all there."),
    (0.88, "Nearly all edges and textures are kept."),
    (0.70, "Edges are kept, fine texture suffers."),
    (0.50, "Main edges are kept, texture is gone."),
    (0.25, "Only large shapes are left."),
    (-math.inf, "Hardly any structure is left."),
]
# The highest value a sentence holds for, best first.
LPIPS_CEILINGS = [
    (0.02, "The same picture, to the judging network."),
    (0.12, "Almost the same, to the judging network."),
    (0.30, "Somewhat different, to the judging network."),
    (0.60, "Clearly different, to the judging network."),
    (math.inf, "Another picture, to the judging network."),
]


def read_psnr(decibel: float) -> str:
    """Return what a PSNR in dB means; infinite for two equal pictures."""
    if decibel == math.inf:
        return "Exactly the same picture."
    return next(sentence for floor, sentence in PSNR_FLOORS if decibel >= floor)


def read_ssim(similarity: float) -> str:
    """Return what an SSIM, at most 1, means."""
    return next(sentence for floor, sentence in SSIM_FLOORS if similarity >= floor)


def read_lpips(distance: float) -> str:
    """Return what an LPIPS (alex) distance, 0 for equal pictures, means."""
    return next(sentence for ceiling, sentence in LPIPS_CEILINGS if distance <= ceiling)


def read_mse(error: float) -> str:
    """Return the typical error of a pixel behind a mean squared error on the scale [0, 1].

    Its square root is the root mean square error; on the scale of 8-bit brightness that is a number of steps.
    """
    steps = math.sqrt(error) * 255
    if steps < 0.5:
        return "A pixel is off by less than one step of 255."
    return f"A pixel is typically off by {steps:.0f} of 255 steps."


@dataclass(frozen=True)
class Metric:
    """How one metric is shown. `digits` are decimals; `higher` says whether higher is better."""

    key: str
    name: str
    full_name: str
    unit: str
    digits: int
    higher: bool
    read: Callable[[float], str]

    @property
    def direction(self) -> str:
        return "higher is better" if self.higher else "lower is better"

    def format(self, value: float) -> str:
        return "∞" if value == math.inf else f"{value:.{self.digits}f}"


METRICS = [
    Metric("psnr", "PSNR", "peak signal-to-noise ratio", "dB", 1, True, read_psnr),
    Metric("ssim", "SSIM", "structural similarity", "of 1", 3, True, read_ssim),
    Metric("lpips", "LPIPS", "perceptual distance", "0 = same", 3, False, read_lpips),
    Metric("mse", "MSE", "mean squared error", "0 = same", 4, False, read_mse),
]
