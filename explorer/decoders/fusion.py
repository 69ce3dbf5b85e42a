"""Fusion: several feature maps in, one with the grid and channels of the largest out, for any decoder.

The three ways are those of the published ensembles. Each source is standardised, laid out on the largest
grid and projected by 1x1 convolutions; what differs is how the projections are added up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import PHOTO_SIZE, Decoder, standardised
from explorer.encoders.networks import Layer

MAX_UNFOLD_PARAMETERS = 2**20


class Align(nn.Module):
    """Bring features (N, C, H, W) to a finer grid without losing what tells its positions apart.

    A position of a coarse map describes a patch of the fine grid. A 1x1 convolution writes it as the f x f
    positions of that patch with C / f² channels each, or fewer where that would take more than a million
    parameters (sub-pixel convolution, Shi et al. 2016), and bilinear interpolation makes up what is missing
    to the grid's size.
    """

    def __init__(self, channels: int, size: int, largest: int):
        super().__init__()
        self.factor = largest // size
        affordable = MAX_UNFOLD_PARAMETERS // (channels * self.factor**2) if self.factor > 1 else channels
        self.channels = max(1, min(channels // self.factor**2, affordable))
        self.unfold = nn.Identity()
        if self.factor > 1:
            self.unfold = nn.Sequential(
                nn.Conv2d(channels, self.channels * self.factor**2, 1), nn.PixelShuffle(self.factor)
            )

    def forward(self, x: Tensor, grid: Sequence[int]) -> Tensor:
        laid_out = self.unfold(x)
        if laid_out.shape[-2:] == tuple(grid):
            return laid_out
        return F.interpolate(laid_out.float(), tuple(grid), mode="bilinear", antialias=True)


class Fusion(nn.Module):
    """Base of the three fusions of `layers`; a subclass adds up the projections of the aligned sources."""

    def __init__(self, layers: Sequence[Layer]):
        super().__init__()
        sizes = [layer.size for layer in layers]
        self.largest = sizes.index(max(sizes))
        self.channels = layers[self.largest].channels
        self.aligned = nn.ModuleList(Align(layer.channels, layer.size, max(sizes)) for layer in layers)

    @property
    def projections(self) -> list[Tensor]:
        """Each source's 1x1 projection to the fused channels, (channels, its channels, 1, 1)."""
        raise NotImplementedError

    def begin_with_largest(self) -> None:
        """Make the fused map the largest source's own features: the others start at zero."""
        with torch.no_grad():
            for number, weight in enumerate(self.projections):
                weight.zero_()
                if number == self.largest:
                    weight[:, :, 0, 0].fill_diagonal_(1.0)

    def align(self, maps: Sequence[Tensor]) -> list[Tensor]:
        grid = maps[self.largest].shape[-2:]
        return [align(x, grid) for align, x in zip(self.aligned, maps, strict=True)]

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return (N, channels, H, W) from the standardised maps of all sources."""
        raise NotImplementedError

    def weights(self, maps: Sequence[Tensor]) -> Tensor | None:
        """Return how much is taken of each source, (N, sources, H, W), sums of 1; None: not weighed."""
        return None


class Concat(Fusion):
    """The channels of all sources stacked, and one 1x1 projection."""

    def __init__(self, layers: Sequence[Layer]):
        super().__init__(layers)
        self.project = nn.Conv2d(sum(a.channels for a in self.aligned), self.channels, 1, bias=False)

    @property
    def projections(self) -> list[Tensor]:
        return list(self.project.weight.split([a.channels for a in self.aligned], dim=1))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        return self.project(torch.cat(self.align(maps), dim=1))


class Weighed(Fusion):
    """Base of the two that project each source on its own and add the projections up by weights."""

    def __init__(self, layers: Sequence[Layer]):
        super().__init__(layers)
        self.project = nn.ModuleList(
            nn.Conv2d(a.channels, self.channels, 1, bias=False) for a in self.aligned
        )

    @property
    def projections(self) -> list[Tensor]:
        return [project.weight for project in self.project]

    def shares(self, projected: Sequence[Tensor]) -> Tensor:
        """Return the weights of the projected maps, (N, sources, H, W) with sums of 1."""
        raise NotImplementedError

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        projected = self._projected(maps)
        shares = len(projected) * self.shares(projected)  # 1 for each where all are equal
        return sum(share * x for share, x in zip(shares.split(1, dim=1), projected, strict=True))

    def weights(self, maps: Sequence[Tensor]) -> Tensor | None:
        return self.shares(self._projected(maps))

    def _projected(self, maps: Sequence[Tensor]) -> list[Tensor]:
        return [project(x) for project, x in zip(self.project, self.align(maps), strict=True)]


class Weighted(Weighed):
    """One learned scalar per source, through a softmax."""

    def __init__(self, layers: Sequence[Layer]):
        super().__init__(layers)
        self.scores = nn.Parameter(torch.zeros(len(layers)))

    def shares(self, projected: Sequence[Tensor]) -> Tensor:
        count, _, height, width = projected[0].shape
        return self.scores.softmax(dim=0).reshape(1, -1, 1, 1).expand(count, -1, height, width)


class Attention(Weighed):
    """Weights of each position, which a 1x1 convolution reads off all projections, through a softmax."""

    def __init__(self, layers: Sequence[Layer]):
        super().__init__(layers)
        self.scores = nn.Conv2d(len(layers) * self.channels, len(layers), 1)
        nn.init.zeros_(self.scores.weight)
        nn.init.zeros_(self.scores.bias)

    def shares(self, projected: Sequence[Tensor]) -> Tensor:
        return self.scores(torch.cat(list(projected), dim=1)).float().softmax(dim=1)


@dataclass(frozen=True)
class FusionSpec:
    """One way to fuse: `build` takes the layers of the sources."""

    title: str
    summary: str
    build: Callable[[Sequence[Layer]], Fusion]


FUSIONS = {
    "weighted": FusionSpec("Weighted sum", "One learned weight for each source.", Weighted),
    "attention": FusionSpec(
        "Attention",
        "Learned weights for each place: here one network is heard more, there another.",
        Attention,
    ),
    "concat": FusionSpec("Stacked channels", "All channels stacked and mixed by one matrix.", Concat),
}


class Fused(Decoder):
    """A fusion and the decoder of what it gives. Takes a list of features, one (N, C, H, W) a source."""

    def __init__(self, layers: Sequence[Layer], fusion: str, build: Callable[[int, int], Decoder]):
        super().__init__(sum(layer.channels for layer in layers), max(layer.size for layer in layers))
        self.layers = list(layers)
        self.fusion = FUSIONS[fusion].build(layers)
        self.decoder = build(self.fusion.channels, self.size)

    def start_from(self, single: Decoder) -> None:
        """Draw what a decoder of the largest source alone draws, or begin as one that starts from it does."""
        self.fusion.begin_with_largest()
        self.decoder.start_from(single)
        for mine, its in zip(self._statistics(self.fusion.largest), single.statistics, strict=True):
            mine.copy_(its)

    def standardise(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Return each source's features with zero mean and unit variance per channel, clamped to +-6.

        Raises ValueError for another number of sources or channels, and for features of photos that differ
        in number or size.
        """
        self._check(features)
        return [standardised(x, *self._statistics(number)) for number, x in enumerate(features)]

    def decode(self, maps: Sequence[Tensor]) -> Tensor:
        return self.decoder.decode(self.fusion(maps))

    def weights(self, features: Sequence[Tensor]) -> Tensor | None:
        """Return how much is taken of each source where, (N, sources, H, W); None if they are not weighed."""
        return self.fusion.weights(self.standardise(features))

    def without(self, features: Sequence[Tensor], number: int) -> list[Tensor]:
        """Return the features with those of one source replaced by their mean over the training photos."""
        mean, _ = self._statistics(number)
        replaced = list(features)
        replaced[number] = mean.expand_as(replaced[number])
        return replaced

    def _statistics(self, number: int) -> tuple[Tensor, Tensor]:
        """Return views of one source's mean and std, (C, 1, 1) each."""
        channels = [layer.channels for layer in self.layers]
        return self.feature_mean.split(channels)[number], self.feature_std.split(channels)[number]

    def _check(self, features: Sequence[Tensor]) -> None:
        wanted = [layer.channels for layer in self.layers]
        if [x.shape[1] if x.ndim == 4 else None for x in features] != wanted:
            shapes = [tuple(x.shape) for x in features]
            raise ValueError(f"expected (N, C, H, W) features of {wanted} channels, got {shapes}")
        if len({len(x) for x in features}) > 1:
            raise ValueError(f"the sources have different numbers of photos: {[len(x) for x in features]}")
        for axis in (2, 3):
            # a position of a layer stands for 224 / size pixels; rounding costs less than one position
            sides = [
                ((x.shape[axis] - 1) * PHOTO_SIZE / layer.size, (x.shape[axis] + 1) * PHOTO_SIZE / layer.size)
                for x, layer in zip(features, self.layers, strict=True)
            ]
            if max(low for low, _ in sides) >= min(high for _, high in sides):
                raise ValueError(
                    "the sources show photos of different sizes: "
                    f"{[tuple(x.shape[2:]) for x in features]} positions"
                )
