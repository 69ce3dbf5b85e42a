"""A decoder without patches: it enlarges by interpolation and paints anew with convolutions at each size."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import Decoder, doublings
from explorer.decoders.linear import Linear, halvings
from explorer.decoders.pixel_shuffle import (
    COARSEST,
    GlobalBlocks,
    PixelShuffle,
    ResidualBlock,
    narrower,
    trunk_width,
)
from explorer.encoders.weights import philox_uniform

BESIDE = 96  # channels beside the trunk's on the layer's own grid, half of them at its double, and so on
PAINTED = {56: 64, 112: 32, 224: 16}  # channels of the sizes, in pixels, between the sketch and the photo
GRAIN, GRAIN_SIDE = 4, 256  # maps of fixed noise and their side in pixels, from where they repeat


class UpsampleConv(Decoder):
    """A sketch of the colours on a grid of 56 or so, and what is painted over it up to the photo's size.

    Sub-pixel and transposed convolutions give every pixel of a patch filters of its own, and where a decoder
    has to invent, the grid of patches shows as a weave (Odena et al. 2016). Bilinear enlargement followed by
    convolutions treats all pixels alike. It has nothing in it to make texture from, either, so each size gets
    fixed noise in learned proportions, as in StyleGAN (Karras et al. 2019).

    Training starts from the `pixel_shuffle` decoder of the same layer: its body is the trunk, each of its
    sub-pixel convolutions and patches replaced by the mean over the patch, so that colours are there at the
    first step. The channels beside it are new. With `linear` False that decoder has no linear map. With
    `patches` False the map gives one colour a position, as its patches, too, can show as a plaid.
    """

    def __init__(
        self, channels: int, size: int, width: int | None = None, linear: bool = True, patches: bool = True
    ):
        super().__init__(channels, size)
        trunk, beside = (width, width) if width else (trunk_width(channels, size), BESIDE)
        coarse = size <= COARSEST
        self.register_buffer("noise", torch.from_numpy(fixed_noise().copy()), persistent=False)
        self.linear = None if coarse or not linear else Linear(channels, size, factor=None if patches else 1)
        self.trunk = nn.Sequential(
            nn.Conv2d(channels, trunk, 1),
            *([GlobalBlocks(trunk, size)] if coarse else []),
            ResidualBlock(trunk),
            ResidualBlock(trunk),
        )
        self.beside = nn.Conv2d(channels, beside, 1)
        self.blend = ResidualBlock(trunk + beside)
        alone = self.linear is None and not coarse
        grids = [(size, trunk + beside)]
        for _ in range(doublings(size) - 1 if alone else halvings(size)):
            trunk, beside = narrower(trunk), max(16, beside // 2)
            grids.append((2 * grids[-1][0], trunk + beside))
        sketched, channels = grids[-1]
        painted = [(side, width) for side, width in PAINTED.items() if side > 1.25 * sketched]
        self.sketched = enlargements(grids, rectified=alone)
        self.painted = enlargements([grids[-1], *painted])
        self.sketch = constant(nn.Conv2d(channels, 3, 3, padding=1), 0.5 if self.linear is None else 0.0)
        self.tail = constant(nn.Conv2d([*grids, *painted][-1][1], 3, 3, padding=1), 0.0)

    @torch.no_grad()
    def start_from(self, other: "UpsampleConv | PixelShuffle | Linear") -> None:
        """Take over a decoder of the same layer: of a linear one the map and statistics, else all.

        Of a pixel_shuffle that does not enlarge, only the map is taken: its body is another.
        """
        self.set_statistics(other.feature_mean.flatten(), other.feature_std.flatten())
        if self.linear is not None:
            self.linear.start_from(other if isinstance(other, Linear) else other.linear)
        if isinstance(other, UpsampleConv):
            mine = {name: values for name, values in self.state_dict().items() if name.startswith("linear.")}
            self.load_state_dict(other.state_dict() | mine)
            return
        if isinstance(other, Linear) or not self.sketched:
            return
        head = len(self.trunk)
        self.trunk.load_state_dict(other.body[:head].state_dict())
        body = other.body[head:]
        modules = len(body) // len(self.sketched)  # of a scale: a convolution, what follows it, and a block
        for number, scale in enumerate(self.sketched):
            convolution, *others, block = body[number * modules : (number + 1) * modules]
            norm = next((module for module in others if isinstance(module, nn.BatchNorm2d)), None)
            take_over(scale.convolution, convolution, patch=2, norm=norm)
            take_over(scale.block.first, block.first)
            take_over(scale.block.second, block.second)
        take_over(self.sketch, other.tail, other.patch)

    def decode(self, standardised: Tensor) -> Tensor:
        x = self.blend(torch.cat([self.trunk(standardised), self.beside(standardised)], dim=1))
        for scale in self.sketched:
            x = scale(x, self.noise)
        sketch = self.sketch(F.relu(x)).float()
        if self.linear is not None:
            linear = self.linear.decode(standardised).float()
            sketch = sketch + F.interpolate(linear, sketch.shape[-2:], mode="bilinear", antialias=True)
        for scale in self.painted:
            x = scale(x, self.noise)
        return F.interpolate(sketch, x.shape[-2:], mode="bilinear") + self.tail(F.relu(x))


class Enlarged(nn.Module):
    """A 3x3 convolution, bilinear enlargement by `factor`, fixed noise and a residual block.

    `rectified` is for channels that come from a decoder with a ReLU before the block.
    """

    def __init__(self, inward: int, outward: int, factor: float, rectified: bool = False):
        super().__init__()
        self.rectify = nn.ReLU() if rectified else nn.Identity()
        self.factor = factor
        self.convolution = nn.Conv2d(inward, outward, 3, padding=1)
        self.grain = nn.Conv2d(GRAIN, outward, 1, bias=False)
        self.block = ResidualBlock(outward)
        nn.init.normal_(self.grain.weight, std=0.05)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        size = tuple(round(side * self.factor) for side in x.shape[-2:])
        enlarged = F.interpolate(self.convolution(x), size, mode="bilinear")
        return self.block(self.rectify(enlarged + self.grain(of_size(noise, *size))))


def enlargements(grids: Sequence[tuple[int, int]], rectified: bool = False) -> nn.ModuleList:
    """Return what leads from each grid, (side, channels), to the next."""
    return nn.ModuleList(
        Enlarged(inward, outward, larger / side, rectified)
        for (side, inward), (larger, outward) in zip(grids[:-1], grids[1:], strict=True)
    )


def constant(convolution: nn.Conv2d, value: float) -> nn.Conv2d:
    """Let a convolution give one value everywhere, whatever it sees."""
    nn.init.zeros_(convolution.weight)
    nn.init.constant_(convolution.bias, value)
    return convolution


def take_over(mine: nn.Conv2d, its: nn.Conv2d, patch: int = 1, norm: nn.BatchNorm2d | None = None) -> None:
    """Let the first channels do what another convolution does, as the mean over its patch of pixels.

    They see none of the channels that the other one does not have. `norm` is what follows the patch.
    """
    weight, bias = (values.unflatten(0, (-1, patch**2)).mean(dim=1) for values in (its.weight, its.bias))
    if norm is not None:
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        weight, bias = weight * scale[:, None, None, None], (bias - norm.running_mean) * scale + norm.bias
    outward, inward = weight.shape[:2]
    mine.weight[:outward] = 0
    mine.weight[:outward, :inward] = weight
    mine.bias[:outward] = bias


def of_size(noise: Tensor, height: int, width: int) -> Tensor:
    """Return maps of noise (1, GRAIN, height, width), which repeat where they are smaller."""
    repeats = (-(-height // GRAIN_SIDE), -(-width // GRAIN_SIDE))
    return noise.repeat(1, 1, *repeats)[..., :height, :width]


@cache
def fixed_noise() -> np.ndarray:
    """Return maps of noise (1, GRAIN, GRAIN_SIDE, GRAIN_SIDE), mean 0, variance 1, equal on every machine."""
    numbers = philox_uniform("grain", GRAIN * GRAIN_SIDE**2).astype(np.float32)
    return (numbers.reshape(1, GRAIN, GRAIN_SIDE, GRAIN_SIDE) - np.float32(0.5)) * np.float32(math.sqrt(12))
