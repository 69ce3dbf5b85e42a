"""A decoder that draws the photo as a wavelet pyramid: a small picture, then finer and finer details."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import Decoder, doublings, mid_grey

WIDTH, NARROWEST = 64, 32


class Wavelet(Decoder):
    """Predicts LL on the layer's grid and LH, HL, HH at every doubling, joined by the inverse Haar transform.

    The orthonormal Haar wavelet of Mallat's pyramid (1989). Details start at zero, so that training begins
    with a smooth picture.
    """

    def __init__(self, channels: int, size: int, width: int | None = None):
        super().__init__(channels, size)
        width = width or WIDTH
        self.levels = doublings(size)
        self.head = nn.Conv2d(channels, width, 3 if channels <= 256 else 1, padding=int(channels <= 256))
        self.low = mid_grey(nn.Conv2d(width, 3, 3, padding=1))
        self.trunk, self.details = nn.ModuleList(), nn.ModuleList()
        for level in range(self.levels):
            self.trunk.append(
                nn.Sequential(
                    nn.Conv2d(width, width, 3, padding=1),
                    nn.GroupNorm(8, width),
                    nn.ReLU(inplace=True),
                    nn.Conv2d(width, width, 3, padding=1),
                    nn.ReLU(inplace=True),
                )
            )
            detail = nn.Conv2d(width, 9, 3, padding=1)
            nn.init.zeros_(detail.weight)
            nn.init.zeros_(detail.bias)
            self.details.append(detail)
            if level < self.levels - 1:
                narrower = max(NARROWEST, width * 3 // 32 * 8)
                self.trunk[-1].append(nn.Conv2d(width, 4 * narrower, 1))
                self.trunk[-1].append(nn.PixelShuffle(2))
                width = narrower

    def decode(self, standardised: Tensor) -> Tensor:
        x = F.relu(self.head(standardised))
        picture = self.low(x)
        for stage, detail in zip(self.trunk, self.details, strict=True):
            x = x + stage[:5](x)
            bands = torch.stack([picture, *detail(x).split(3, dim=1)], dim=2)
            picture = inverse_haar(bands * bands.new_tensor([2.0, 1.0, 1.0, 1.0]).reshape(1, 1, 4, 1, 1))
            x = stage[5:](x)
        return picture


def haar(pictures: Tensor) -> Tensor:
    """Return the bands LL, LH, HL, HH (N, C, 4, H/2, W/2) of pictures (N, C, H, W) with even sides.

    Orthonormal: the sum of squares stays, and LL of a constant picture is twice its value.
    """
    a, b = pictures[..., 0::2, 0::2], pictures[..., 0::2, 1::2]
    c, d = pictures[..., 1::2, 0::2], pictures[..., 1::2, 1::2]
    return torch.stack([a + b + c + d, a + b - c - d, a - b + c - d, a - b - c + d], dim=2) / 2


def inverse_haar(bands: Tensor) -> Tensor:
    """Return the pictures (N, C, 2H, 2W) of bands (N, C, 4, H, W): the exact inverse of `haar`."""
    low, rows, columns, diagonal = bands.unbind(dim=2)
    corners = [
        low + rows + columns + diagonal,
        low + rows - columns - diagonal,
        low - rows + columns - diagonal,
        low - rows - columns + diagonal,
    ]
    return F.pixel_shuffle(torch.stack(corners, dim=2).flatten(1, 2) / 2, 2)
