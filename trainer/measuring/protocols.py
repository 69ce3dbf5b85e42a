"""What a reconstruction is compared with, and how the comparison is described beside the figures."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from explorer.encoders.networks import IMAGENET_MEAN, IMAGENET_STD
from explorer.errors import unknown


@dataclass(frozen=True)
class Protocol:
    """What a reconstruction in [0, 1] is compared with, and whether judges look at it, too."""

    name: str
    text: str
    target: Callable[[Tensor], Tensor]
    judged: bool = False


def normalised_and_clipped(photos01: Tensor) -> Tensor:
    """Return the ImageNet-normalised photos clipped to [0, 1]: the published studies' reference picture.

    Everything darker than the ImageNet mean (about 0.45) becomes 0 and everything a standard deviation above
    it 1, so no picture of the photo can be close to it.
    """
    mean, std = (
        torch.tensor(x, device=photos01.device).reshape(1, 3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD)
    )
    return ((photos01 - mean) / std).clamp(0, 1)


PROTOCOLS = {
    "project": Protocol(
        "project", "photo and reconstruction in [0, 1]", lambda photos01: photos01, judged=True
    ),
    "published": Protocol(
        "published",
        "reconstruction in [0, 1] against the ImageNet-normalised photo clipped to [0, 1], as two published "
        "studies measured; not comparable with the project's own figures",
        normalised_and_clipped,
    ),
}


def protocol_spec(name: str) -> Protocol:
    """Return the protocol of that name. Raises UserError listing the allowed ones."""
    if name not in PROTOCOLS:
        raise unknown("protocol", name, list(PROTOCOLS))
    return PROTOCOLS[name]


def describe(protocol: Protocol, names: list[str], photos01: Tensor) -> dict[str, Any]:
    """Return how the figures were made, and of which photos."""
    pixels = (photos01 * 255).round().byte().cpu().numpy().tobytes()
    return {
        "name": protocol.name,
        "photos": len(names),
        "photos_digest": hashlib.sha256("\n".join(names).encode() + pixels).hexdigest()[:16],
        "size": photos01.shape[-1],
        "crop": "short side 256, centre 224",
        "range": protocol.text,
        "psnr": "dB, peak 1, per photo",
        "ssim": "7x7 uniform window, data range 1, mean of channels (scikit-image defaults)",
        "lpips": "official package 0.1, net='alex'",
        "feature_error": "|found - target| / |target| of the layer's features, of several layers the mean",
        "similarity": "mean cosine of dinov2_small/block11 patches less their mean over 160 photos; of "
        "efficientnet_lite0/stage4 where DINOv2 is inverted",
        "weave": "autocorrelation of the high-passed luminance at one step of the grid, less the photo's",
        "interval": "95 % percentile bootstrap of the mean over photos, 10,000 resamples",
        "comparisons": "paired Wilcoxon signed-rank tests, Holm's correction over all tests of a figure",
        "costs": "one photo of 224 pixels, decoder alone; milliseconds depend on the machine",
    }
