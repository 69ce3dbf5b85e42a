"""The closed-form decoder: one linear map from a 3x3 neighbourhood of features to the pixels below it."""

import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import PHOTO_SIZE, Decoder

MAX_RANK = 256


class Linear(Decoder):
    """Ridge regression as a network: 3x3 convolution to `rank` values, 1x1 to the patch, sub-pixel shuffle.

    Where a patch has more than 256 values the map is the best one of rank 256 (reduced-rank regression,
    Izenman 1975), which keeps deep layers small. Sub-pixel shuffle: Shi et al. 2016.
    """

    def __init__(self, channels: int, size: int):
        super().__init__(channels, size)
        self.factor = -(-PHOTO_SIZE // size)
        patch = 3 * self.factor**2
        rank = min(patch, MAX_RANK)
        self.project = nn.Conv2d(channels, rank, 3, padding=1, bias=False)
        self.expand = nn.Conv2d(rank, patch, 1)

    def decode(self, standardised: Tensor) -> Tensor:
        return self.join(self.project(standardised))

    def join(self, codes: Tensor) -> Tensor:
        """Return the photo (N, 3, H * factor, W * factor) with the patch codes (N, rank, H, W)."""
        return F.pixel_shuffle(self.expand(codes), self.factor)
