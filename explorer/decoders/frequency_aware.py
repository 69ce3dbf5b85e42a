"""A decoder that treats slow and fast changes of the features apart, split by a discrete cosine transform."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import PHOTO_SIZE, Decoder, mid_grey

WIDTH, NARROWEST = 64, 32
FINE_GRID = 112


class FrequencyAware(Decoder):
    """Low and high bands of an orthonormal DCT, a path for each, fused by attention, refined scale by scale.

    The low band is the quarter of the DCT-II coefficients (Ahmed, Natarajan & Rao 1974) with the lowest
    frequencies, whose inverse needs only half the grid; the high band is the rest. Channel and spatial
    attention as in CBAM (Woo et al. 2018). Every scale adds a correction to the enlarged picture.
    """

    def __init__(self, channels: int, size: int, width: int | None = None):
        super().__init__(channels, size)
        width = width or WIDTH
        self.narrow = nn.Conv2d(channels, width, 1)
        self.low_path = conv_path(width)
        self.high_path = conv_path(width)
        self.fuse = nn.Conv2d(2 * width, width, 1)
        self.channel_gate = ChannelGate(width)
        self.spatial_gate = SpatialGate()
        self.draw_first = mid_grey(nn.Conv2d(width, 3, 3, padding=1))
        self.scales = nn.ModuleList()
        while 2 * size <= FINE_GRID:
            narrower = max(NARROWEST, width // 2)
            self.scales.append(Refinement(width, narrower, 2, 3))
            width, size = narrower, 2 * size
        patch = -(-PHOTO_SIZE // size)
        self.scales.append(Refinement(width, NARROWEST, patch, 3))

    def decode(self, standardised: Tensor) -> Tensor:
        x = self.narrow(standardised)
        low, high = split_bands(x)
        low = F.interpolate(self.low_path(low), x.shape[-2:], mode="bilinear")
        x = x + self.fuse(torch.cat([low, self.high_path(high)], dim=1))
        x = self.spatial_gate(self.channel_gate(x))
        picture = self.draw_first(x)
        for scale in self.scales:
            x, picture = scale(x, picture)
        return picture


class Refinement(nn.Module):
    """Enlarges features by `factor` and adds what they show beyond the enlarged picture."""

    def __init__(self, width: int, narrower: int, factor: int, colours: int):
        super().__init__()
        self.factor = factor
        self.mix = nn.Sequential(nn.Conv2d(width, narrower, 3, padding=1), nn.GELU())
        self.up = nn.Sequential(nn.Conv2d(narrower, narrower, 3, padding=1), nn.GELU())
        self.detail = nn.Conv2d(narrower, colours * factor**2, 3, padding=1)
        self.enlarge = nn.Conv2d(narrower, narrower * 4, 1) if factor == 2 else None

    def forward(self, x: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
        x = self.mix(x)
        x = x + self.up(x)
        larger = F.interpolate(picture, scale_factor=self.factor, mode="bilinear")
        picture = larger + F.pixel_shuffle(self.detail(x), self.factor)
        return (F.pixel_shuffle(self.enlarge(x), 2) if self.enlarge else x), picture


class ChannelGate(nn.Module):
    """Weighs channels by what they hold on average over the picture."""

    def __init__(self, width: int):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(width, width // 4), nn.ReLU(), nn.Linear(width // 4, width))

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.sigmoid(self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3))))
        return x * weight[:, :, None, None]


class SpatialGate(nn.Module):
    """Weighs positions by the mean and the maximum of their channels."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        summary = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.conv(summary))


def conv_path(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1), nn.GELU(), nn.Conv2d(width, width, 3, padding=1), nn.GELU()
    )


def dct_matrix(size: int, like: Tensor) -> Tensor:
    """Return the orthonormal DCT-II matrix (size, size): row k is the k-th cosine, and M @ M.T is one."""
    position = torch.arange(size, device=like.device, dtype=torch.float64)
    matrix = torch.cos(math.pi / size * (position[None] + 0.5) * position[:, None]) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix.to(like.dtype)


def split_bands(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the low band on half the grid and the high band on the whole one of features (N, C, H, W).

    The low band holds the lower half of the frequencies in each direction, drawn with half the positions;
    drawn with all of them and added to the high band it gives `x` again.
    """
    height, width = x.shape[-2:]
    half_height, half_width = -(-height // 2), -(-width // 2)
    with torch.autocast(x.device.type, enabled=False):
        x = x.float()
        rows, columns = dct_matrix(height, x)[:half_height], dct_matrix(width, x)[:half_width]
        coefficients = rows @ x @ columns.T
        high = x - rows.T @ coefficients @ columns
        small_rows, small_columns = dct_matrix(half_height, x), dct_matrix(half_width, x)
        scale = math.sqrt(half_height * half_width / (height * width))  # keeps the mean
        low = small_rows.T @ coefficients @ small_columns * scale
    return low, high
