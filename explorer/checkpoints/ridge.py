"""Ridge regression from features to pixels, which solves the linear decoder, and feature statistics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.decoders.linear import Linear
from explorer.encoders.frozen import FrozenEncoder

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass
class Moments:
    """Sums of products of neighbourhoods X (rows, k²C + 1) and patches Y (rows, 3f²), all the fit needs."""

    xx: Tensor
    xy: Tensor
    yy: float
    rows: int

    @classmethod
    def zero(cls, decoder: Linear) -> "Moments":
        xx = torch.zeros(decoder.unknowns, decoder.unknowns, dtype=torch.double)
        xy = torch.zeros(decoder.unknowns, 3 * decoder.factor**2, dtype=torch.double)
        device = decoder.feature_mean.device
        return cls(xx.to(device), xy.to(device), 0.0, 0)

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.xx + other.xx, self.xy + other.xy, self.yy + other.yy, self.rows + other.rows)

    def add(self, decoder: Linear, features: Tensor, photos01: Tensor) -> None:
        """Add photos (N, 3, h, w) in [0, 1] and their features (N, C, H, W)."""
        standardised = decoder.standardise(features).contiguous()
        height, width = (side * decoder.factor for side in standardised.shape[-2:])
        target = photos01.to(standardised.device)
        if target.shape[-2:] != (height, width):
            target = F.interpolate(target, (height, width), mode="bicubic", antialias=True)
        padded = F.pad(standardised, (decoder.kernel // 2,) * 4, mode="replicate")
        x = F.unfold(padded, decoder.kernel).transpose(1, 2).flatten(0, 1)
        x = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
        y = F.pixel_unshuffle(target, decoder.factor).flatten(2).transpose(1, 2).flatten(0, 1)
        self.xx += x.T @ x
        self.xy += x.T @ y
        self.yy += y.double().square().sum().item()
        self.rows += len(x)


def solutions(fitting: Moments, strengths: Sequence[float] = STRENGTHS) -> Iterator[tuple[float, Tensor]]:
    """Yield (strength, W (k²C + 1, 3f²)) for each ridge strength; the constant's weight is not penalised."""
    for strength in strengths:
        penalty = torch.full((len(fitting.xx),), strength * fitting.rows, dtype=torch.double)
        penalty[-1] = 0
        factor = torch.linalg.cholesky(fitting.xx + penalty.to(fitting.xx.device).diag())
        yield strength, torch.cholesky_solve(fitting.xy, factor)


def held_out_error(checking: Moments, solution: Tensor) -> float:
    """Return the mean squared error per pixel value of a solution on held-out photos, from their moments."""
    squared = (solution * (checking.xx @ solution)).sum() - 2 * (solution * checking.xy).sum() + checking.yy
    return (squared / (checking.rows * solution.shape[1])).item()


def install(decoder: Linear, solution: Tensor, fitting: Moments) -> None:
    """Write a solution into the decoder, keeping the directions in which its predictions vary most."""
    weights, bias = solution[:-1], solution[-1]
    rank = decoder.project.out_channels
    centred = fitting.xx[:-1, :-1] - torch.outer(fitting.xx[-1, :-1], fitting.xx[-1, :-1]) / fitting.rows
    directions = torch.eye(weights.shape[1], dtype=torch.double, device=weights.device)
    if rank < weights.shape[1]:
        directions = _principal(weights, centred, rank)
        mean = fitting.xx[-1, :-1] / fitting.rows @ weights
        bias = bias + mean - directions @ (directions.T @ mean)
    decoder.project.weight.data.copy_((weights @ directions).T.reshape(decoder.project.weight.shape))
    decoder.expand.weight.data.copy_(directions[:, :, None, None])
    decoder.expand.bias.data.copy_(bias)


def _principal(weights: Tensor, centred: Tensor, rank: int) -> Tensor:
    """Return the principal directions (3f², rank) of x·weights, where x has the covariance `centred`."""
    if len(weights) >= weights.shape[1]:
        return torch.linalg.eigh(weights.T @ centred @ weights).eigenvectors[:, -rank:]
    # weightsᵀ·centred·weights has the rank of the few unknowns: its directions follow from a smaller matrix
    values, vectors = torch.linalg.eigh(centred)
    root = (vectors * values.clamp_min(0).sqrt()).T @ weights
    values, vectors = torch.linalg.eigh(root @ root.T)
    return F.normalize(root.T @ vectors[:, -rank:], dim=0)


def feature_statistics(
    encoder: FrozenEncoder, crops01: Tensor, layers: Sequence[str], batch: int = 8
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return {layer: (mean (C,), std (C,))} of the features of (N, 3, H, W) photos, in float64 sums."""
    sums: dict[str, Tensor] = {}
    counts = dict.fromkeys(layers, 0)
    for photos01 in crops01.split(batch):
        for layer, features in encoder(photos01, layers).items():
            flat = features.double().flatten(2)
            moments = torch.stack([flat.sum(dim=(0, 2)), flat.square().sum(dim=(0, 2))])
            sums[layer] = sums.get(layer, 0) + moments
            counts[layer] += flat.shape[0] * flat.shape[2]
    result = {}
    for layer, moments in sums.items():
        mean, square = moments / counts[layer]
        result[layer] = (mean.float(), (square - mean**2).clamp_min(0).sqrt().float())
    return result
