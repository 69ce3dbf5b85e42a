"""Our decoder: residual blocks and sub-pixel upsampling on top of the closed-form linear map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.attention import Block
from explorer.decoders.blocks import Decoder, doublings, mid_grey
from explorer.decoders.linear import Linear, halvings

NARROW, WIDE = 64, 96
WIDE_FROM = 512  # channels of the features from which the body is wide; half of it on fine grids
FINE = 28  # the smallest grid with positions enough for a wide body of fewer channels
COARSEST = 13  # the largest grid that is decoded without the linear map
DROPPED = 0.2  # of the channels of the coarsest grids, in training


class PixelShuffle(Decoder):
    """The linear decoder plus a learned correction that starts at zero.

    Training begins where ridge regression ends and only has to learn what a linear map cannot do. Deep grids
    are doubled up to 56x56 by sub-pixel convolutions (Shi et al. 2016) with a residual block at each scale,
    and every position of the last grid then draws its patch. No batch norm, as in EDSR (Lim et al. 2017).
    On grids of 13x13 and less a thousand photos are few and a linear map of 3x3 neighbourhoods fits them too
    closely (AlexNet conv5: 15.0 dB on the validation photos with it, 15.5 without): there it is left out, two
    transformer blocks come before the residual ones, and channels are dropped at random in training (Tompson
    et al. 2015).

    With `linear` False the map is left out on finer grids, too, and the body draws everything: it doubles on
    to 112x112 and more with a batch norm at each scale. At DINOv2's last block, where the map brings back
    little (16.0 dB on 160 validation photos), a body beside it hardly learns, whatever its width (16.7 dB),
    and one without it does (17.2 dB); at VGG16 block4 it was the other way round (16.8 and 15.9 dB).
    """

    def __init__(self, channels: int, size: int, width: int | None = None, linear: bool = True):
        super().__init__(channels, size)
        coarse = size <= COARSEST
        alone = not linear and not coarse
        self.drop = nn.Dropout2d(DROPPED if coarse else 0.0)
        self.linear = None if coarse or alone else Linear(channels, size)
        width = width or trunk_width(channels, size)
        scales = max(0, doublings(size) - 1) if alone else halvings(size)
        modules: list[nn.Module] = [
            nn.Conv2d(channels, width, 3 if scales == 0 else 1, padding=int(scales == 0))
        ]
        if coarse:
            modules.append(GlobalBlocks(width, size))
        modules += [ResidualBlock(width) for _ in range(2 if scales else 4)]
        for _ in range(scales):
            inward, width = width, narrower(width)
            modules += [
                nn.Conv2d(inward, 4 * width, 3, padding=1),
                nn.PixelShuffle(2),
                *([nn.BatchNorm2d(width), nn.ReLU()] if alone else []),
                ResidualBlock(width),
            ]
        self.patch = min(2, Linear.factor_of(size)) if alone else Linear.factor_of(size) // 2**scales
        self.body = nn.Sequential(*modules)
        self.tail = nn.Conv2d(width, 3 * self.patch**2, 3, padding=1)
        if self.linear is None:
            mid_grey(self.tail)
        else:
            nn.init.zeros_(self.tail.weight)
            nn.init.zeros_(self.tail.bias)

    def start_from(self, other: "PixelShuffle | Linear") -> None:
        """Take over a decoder of the same layer: of a linear one the map and the statistics, else all."""
        if isinstance(other, PixelShuffle):
            super().start_from(other)
            return
        if self.linear is not None:
            self.linear.start_from(other)
        self.set_statistics(other.feature_mean.flatten(), other.feature_std.flatten())

    def decode(self, standardised: Tensor) -> Tensor:
        correction = F.pixel_shuffle(self.tail(F.relu(self.body(self.drop(standardised)))), self.patch)
        return correction if self.linear is None else self.linear.decode(standardised) + correction


def trunk_width(channels: int, size: int) -> int:
    """Return how many channels the body has on the layer's own grid."""
    return WIDE if channels >= (WIDE_FROM // 2 if size >= FINE else WIDE_FROM) else NARROW


def narrower(width: int) -> int:
    """Return the channels of a grid of twice the size: three quarters, at least 32, in eights."""
    return max(32, width * 3 // 32 * 8)


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))), 3x3, the second convolution starting small (He et al. 2016)."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.normal_(self.second.weight, std=1e-3)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))


class GlobalBlocks(nn.Module):
    """Two transformer blocks over the positions of a small grid, with a learned position embedding."""

    def __init__(self, width: int, size: int):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, width, size, size))
        nn.init.trunc_normal_(self.position, std=0.02)
        self.blocks = nn.Sequential(Block(width), Block(width))

    def forward(self, x: Tensor) -> Tensor:
        position = self.position
        if position.shape[-2:] != x.shape[-2:]:
            position = F.interpolate(position, x.shape[-2:], mode="bicubic", antialias=True)
        tokens = self.blocks((x + position).flatten(2).transpose(1, 2))
        return tokens.transpose(1, 2).unflatten(2, x.shape[-2:])
