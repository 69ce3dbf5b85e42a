"""Our decoder: residual blocks and sub-pixel upsampling on top of the closed-form linear map."""

import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import Decoder
from explorer.decoders.linear import Linear, halvings

NARROW, WIDE = 64, 96
WIDE_FROM = 256  # channels of the features from which the body is wide
DROPPED = 0.3  # of the channels of the coarsest grids, in training
COARSEST = 7


class PixelShuffle(Decoder):
    """The linear decoder plus a learned correction that starts at zero.

    Training begins where ridge regression ends and only has to learn what a linear map cannot do. Deep grids
    are doubled up to 56x56 by sub-pixel convolutions (Shi et al. 2016) with a residual block at each scale,
    and every position of the last grid then draws its patch. No batch norm, as in EDSR (Lim et al. 2017).
    On a 7x7 grid a thousand photos are few and the ridge solution fits them too closely: there the linear
    map is learned too, from the mean photo, on features with channels dropped at random (Tompson et al. 2015).
    """

    def __init__(self, channels: int, size: int, width: int | None = None):
        super().__init__(channels, size)
        self.linear = Linear(channels, size)
        width = width or (WIDE if channels >= WIDE_FROM else NARROW)
        scales = halvings(size)
        modules: list[nn.Module] = [
            nn.Conv2d(channels, width, 3 if scales == 0 else 1, padding=int(scales == 0))
        ]
        modules += [ResidualBlock(width) for _ in range(2 if scales else 4)]
        for _ in range(scales):
            narrower = max(32, width * 3 // 32 * 8)
            modules += [
                nn.Conv2d(width, 4 * narrower, 3, padding=1),
                nn.PixelShuffle(2),
                ResidualBlock(narrower),
            ]
            width = narrower
        self.drop = nn.Dropout2d(DROPPED if size <= COARSEST else 0.0)
        self.patch = self.linear.factor // 2**scales
        self.body = nn.Sequential(*modules)
        self.tail = nn.Conv2d(width, 3 * self.patch**2, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)

    def start_from(self, linear: Linear) -> None:
        """Take over the map and the feature statistics of a fitted linear decoder of the same layer."""
        self.linear.load_state_dict(linear.state_dict())
        if self.drop.p:
            self.linear.project.reset_parameters()
            nn.init.zeros_(self.linear.expand.weight)
        self.set_statistics(linear.feature_mean.flatten(), linear.feature_std.flatten())

    def decode(self, standardised: Tensor) -> Tensor:
        standardised = self.drop(standardised)
        correction = F.pixel_shuffle(self.tail(F.relu(self.body(standardised))), self.patch)
        return self.linear.decode(standardised) + correction


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
