"""Priors: what a descent moves, and how that draws a picture. Each is a pair; the descent knows none of them.

Pixels: Mahendran & Vedaldi 2015. Weights of a fresh convolutional network: Ulyanov et al. 2018, "Deep Image
Prior", here fed with the features.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders import Decoder
from explorer.decoders.blocks import PHOTO_SIZE, doublings, standardised

WIDTHS = (96, 64, 48, 32, 24)  # channels of the fresh network, from the grid of the features to the photo's
NEARLY = 200  # pixels: a picture this large is only resized to the photo's size
GRAIN = 8  # maps of fixed noise at every scale


@dataclass(frozen=True)
class Prior:
    """`draw()` returns the picture (1, 3, S, S), not clamped, that the `parameters` draw now."""

    parameters: list[Tensor]
    draw: Callable[[], Tensor]


def pixels(start01: Tensor, factor: int = 1) -> Prior:
    """Return the prior of the pixels themselves, `factor` times as large as those of start01 (1, 3, S, S)."""
    size = start01.shape[-1]
    small = start01 if factor == 1 else F.interpolate(start01, (size // factor,) * 2, mode="area")
    moved = small.detach().clone().contiguous().requires_grad_()  # as L-BFGS wants them
    if factor == 1:
        return Prior([moved], lambda: moved)
    return Prior([moved], lambda: F.interpolate(moved, (size, size), mode="bilinear"))


def decoder_weights(decoder: Decoder, features: Tensor, half: bool = False) -> Prior:
    """Return the prior of a decoder's weights, on a copy: what it draws from features (1, C, H, W).

    With `half` it draws in bfloat16; its weights stay float32.
    """
    tuned = copy.deepcopy(decoder).requires_grad_(True).eval()
    if half:  # in this layout a step in bfloat16 takes a tenth to a fifth less time
        tuned = tuned.to(memory_format=torch.channels_last)

    def draw() -> Tensor:
        with torch.autocast(features.device.type, torch.bfloat16, enabled=half):
            return tuned.draw(features)

    return Prior(list(tuned.parameters()), draw)


def fresh_network(features: Tensor, seed: int = 0) -> Prior:
    """Return the prior of a fresh network's weights, which draws from the features (1, C, H, W) themselves.

    It needs no training and serves every layer of every network; equal seeds begin with equal weights.
    """
    mean, std = features.mean(dim=(0, 2, 3), keepdim=True), features.std(dim=(0, 2, 3), keepdim=True)
    given = standardised(features, mean, std + 1e-6)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FreshNetwork(features.shape[1], max(features.shape[-2:]))
    network = network.to(features.device).train()
    return Prior(list(network.parameters()), lambda: network(given))


class FreshNetwork(nn.Module):
    """Features (1, C, H, W) to a picture (1, 3, 224, 224) in [0, 1]: upsampling and convolutions, no patches.

    Sub-pixel patches repeat what they draw at every position; this body has none, so its pictures do not
    weave (Odena et al. 2016). Maps of fixed noise at every scale are what texture grows from, where the
    features are interpolated smoothly (Karras et al. 2019).
    """

    def __init__(self, channels: int, grid: int):
        super().__init__()
        width = WIDTHS[0]
        stages: list[nn.Module] = [nn.Conv2d(channels, width, 1)]
        for scale in range(1, doublings(grid, NEARLY) + 1):
            narrower = WIDTHS[min(scale, len(WIDTHS) - 1)]
            stages.append(Doubling(width, narrower, grid * 2**scale))
            width = narrower
        self.body = nn.Sequential(*stages, nn.Conv2d(width, 3, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.body(x), (PHOTO_SIZE, PHOTO_SIZE), mode="bilinear", antialias=True)


class Doubling(nn.Module):
    """Twice the height and width, to `size`, by bilinear interpolation, then two 3x3 convolutions."""

    def __init__(self, channels: int, width: int, size: int):
        super().__init__()
        self.register_buffer("grain", torch.randn(1, GRAIN, size, size))
        modules: list[nn.Module] = []
        for inward in (channels + GRAIN, width):
            conv = nn.Conv2d(inward, width, 3, padding=1, padding_mode="reflect")
            modules += [conv, nn.BatchNorm2d(width), nn.LeakyReLU(0.1)]
        self.body = nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        larger = F.interpolate(x, self.grain.shape[-2:], mode="bilinear")
        return self.body(torch.cat([larger, self.grain], dim=1))
