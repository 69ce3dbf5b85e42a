"""Our decoder: residual blocks and sub-pixel upsampling on top of the closed-form linear map."""

import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import Decoder
from explorer.decoders.linear import Linear

BLOCKS = 3
NARROW, WIDE = 64, 96
WIDE_FROM = 256  # channels of the features from which the body is wide


class PixelShuffle(Decoder):
    """The linear decoder plus a learned correction that starts at zero.

    Training begins where ridge regression ends and only has to learn what a linear map cannot do. Residual
    blocks without batch norm: EDSR (Lim et al. 2017); sub-pixel convolution: Shi et al. 2016.
    """

    def __init__(self, channels: int, size: int):
        super().__init__(channels, size)
        self.linear = Linear(channels, size)
        width = WIDE if channels >= WIDE_FROM else NARROW
        self.head = nn.Conv2d(channels, width, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(BLOCKS)))
        self.tail = nn.Conv2d(width, self.linear.project.out_channels, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)

    def start_from(self, linear: Linear) -> None:
        """Take over the map and the feature statistics of a fitted linear decoder of the same layer."""
        self.linear.load_state_dict(linear.state_dict())
        self.set_statistics(linear.feature_mean.flatten(), linear.feature_std.flatten())

    def decode(self, standardised: Tensor) -> Tensor:
        correction = self.tail(self.body(F.relu(self.head(standardised))))
        return self.linear.join(self.linear.project(standardised) + correction)


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), 3x3, the second convolution starting small."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.normal_(self.second.weight, std=1e-3)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))
