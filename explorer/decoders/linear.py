"""The closed-form decoder: one linear map from a 3x3 neighbourhood of features to the pixels below it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import PHOTO_SIZE, Decoder

MAX_RANK = 64
MAX_NEIGHBOURS_CHANNELS = 1024
FINE_GRID = 56


class Linear(Decoder):
    """Ridge regression as a network: 3x3 convolution to `rank` values, 1x1 to the patch, sub-pixel shuffle.

    Where a patch has more values than the rank (`width`) the map is the best one of that rank (reduced-rank
    regression, Izenman 1975), which keeps deep layers small and generalises better; above 1,024 channels the
    neighbourhood is one position. The features are repeated beyond their border, so that the map meets
    nothing there that it was not fitted to. Sub-pixel shuffle: Shi et al. 2016. `factor` is the side of the
    patch that a position draws, if not that of the one it stands for.
    """

    width_step = 1

    def __init__(
        self,
        channels: int,
        size: int,
        width: int | None = None,
        kernel: int | None = None,
        factor: int | None = None,
    ):
        super().__init__(channels, size)
        self.factor = factor or self.factor_of(size)
        patch = 3 * self.factor**2
        rank = min(patch, width or MAX_RANK)
        self.kernel = kernel or (3 if channels <= MAX_NEIGHBOURS_CHANNELS else 1)
        self.project = nn.Conv2d(
            channels,
            rank,
            self.kernel,
            padding=self.kernel // 2,
            padding_mode="replicate",
            bias=False,
        )
        self.expand = nn.Conv2d(rank, patch, 1)

    @staticmethod
    def factor_of(size: int) -> int:
        """Return the side of the patch that a position of the layer's grid draws."""
        doubled = 2 ** halvings(size)
        return doubled * -(-PHOTO_SIZE // (size * doubled))

    @property
    def unknowns(self) -> int:
        """How many numbers a patch value is a weighted sum of: a neighbourhood of features and a constant."""
        return self.kernel**2 * self.channels + 1

    @torch.no_grad()
    def start_from(self, other: "Linear") -> None:
        """Take over the map and statistics of a decoder of the same layer.

        The other's neighbourhood may be smaller. With a factor of 1, the mean of its patch is drawn.
        """
        state = other.state_dict()
        project = F.pad(other.project.weight, ((self.kernel - other.kernel) // 2,) * 4)
        if self.factor != other.factor:
            patches = other.expand.weight[..., 0, 0], other.expand.bias
            weight, bias = (values.unflatten(0, (3, -1)).mean(dim=1) for values in patches)
            project = torch.einsum("or,rchw->ochw", weight, project)
            state |= {"expand.weight": torch.eye(3)[..., None, None], "expand.bias": bias}
        self.load_state_dict(state | {"project.weight": project})

    def decode(self, standardised: Tensor) -> Tensor:
        return F.pixel_shuffle(self.expand(self.project(standardised)), self.factor)


def halvings(size: int) -> int:
    """Return how often a grid of `size` doubles before it would pass 56, the finest one used."""
    return max(0, (FINE_GRID // size).bit_length() - 1)
