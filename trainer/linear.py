"""Fit the closed-form `linear` decoder by ridge regression; no gradient descent."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints import Configuration, Header, save_checkpoint
from explorer.decoders.linear import Linear
from explorer.encoders import FrozenEncoder
from explorer.metrics import psnr_of_mse
from trainer.data import PhotoSet
from trainer.loop import STATISTICS_PHOTOS, feature_statistics

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
MAX_ROWS = 400_000
MAX_PRODUCTS = 2e12  # rows x unknowns²: about a minute on two cores
BATCH = 16
VALIDATION_PHOTOS = 64


@dataclass
class Moments:
    """Sums of products of neighbourhoods X (rows, 9C + 1) and patches Y (rows, 3f²), all the fit needs."""

    xx: Tensor
    xy: Tensor
    yy: float
    rows: int


def fit_linear(
    architecture: str,
    layers: Sequence[str],
    train: PhotoSet,
    val: PhotoSet,
    out: Path,
    weights: str = "imagenet",
    device: str | torch.device = "cpu",
    progress_bar: bool = True,
) -> dict[str, float]:
    """Fit, save into `out`/decoders and return {layer: validation PSNR in dB} of all asked layers.

    Ridge regression from the standardised 3x3 neighbourhood of each position to the pixels below it, with the
    strength that does best on `val`. Shallow layers, which have many positions a photo, use fewer photos.
    """
    encoder = FrozenEncoder(architecture, weights, device)
    statistics = feature_statistics(encoder, train.centre_crops(limit=STATISTICS_PHOTOS), layers)
    result = {}
    for layer in layers:
        spec = encoder.spec.layer(layer)
        decoder = Linear(spec.channels, spec.size).to(device)
        decoder.set_statistics(*statistics[layer])
        rows = min(MAX_ROWS, MAX_PRODUCTS / (9 * spec.channels) ** 2)
        affordable = max(1, int(rows / spec.size**2))
        photos = train.centre_crops(limit=affordable)
        both = torch.cat([photos, photos.flip(-1)]) if 2 * len(photos) <= affordable else photos
        held_out = val.centre_crops(limit=VALIDATION_PHOTOS)
        with tqdm(total=len(both) + len(held_out), desc=layer, unit="photo", disable=not progress_bar) as bar:
            fitting = moments(encoder, layer, decoder, both, bar)
            checking = moments(encoder, layer, decoder, held_out, bar)
        error, strength, solution = min(
            ((held_out_error(checking, candidate), s, candidate) for s, candidate in solutions(fitting)),
            key=lambda found: found[0],
        )
        install(decoder, solution, fitting)
        result[layer] = psnr_of_mse(error)
        header = Header(
            configuration=Configuration(architecture, layer, "linear", "mse", weights),
            fingerprint=encoder.fingerprint(layer),
            recipe={"method": "ridge regression, closed form", "strength": strength, "rows": fitting.rows},
            data={
                "train_photos": len(photos),
                "train_digest": train.digest,
                "val_photos": len(held_out),
                "val_digest": val.digest,
            },
            metrics={"val_loss": error},
            parameters=sum(p.numel() for p in decoder.parameters()),
        )
        save_checkpoint(out / "decoders", decoder, header)
    return result


@torch.no_grad()
def moments(encoder: FrozenEncoder, layer: str, decoder: Linear, photos01: Tensor, bar: tqdm) -> Moments:
    """Return the summed products of neighbourhoods and patches of (N, 3, H, W) photos in [0, 1]."""
    unknowns, values = 9 * decoder.channels + 1, 3 * decoder.factor**2
    device = decoder.feature_mean.device
    xx = torch.zeros(unknowns, unknowns, dtype=torch.double, device=device)
    xy = torch.zeros(unknowns, values, dtype=torch.double, device=device)
    yy, rows = 0.0, 0
    for batch in photos01.split(BATCH):
        features = decoder.standardise(encoder(batch, [layer])[layer]).contiguous()
        height, width = (side * decoder.factor for side in features.shape[-2:])
        target = batch.to(features.device)
        if target.shape[-2:] != (height, width):
            target = F.interpolate(target, (height, width), mode="bicubic", antialias=True)
        x = F.unfold(features, 3, padding=1).transpose(1, 2).flatten(0, 1)
        x = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
        y = F.pixel_unshuffle(target, decoder.factor).flatten(2).transpose(1, 2).flatten(0, 1)
        xx += x.T @ x
        xy += x.T @ y
        yy += y.double().square().sum().item()
        rows += len(x)
        bar.update(len(batch))
    return Moments(xx, xy, yy, rows)


def solutions(fitting: Moments):
    """Yield (strength, W (9C + 1, 3f²)) for each ridge strength; the constant's weight is not penalised."""
    for strength in STRENGTHS:
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
        directions = torch.linalg.eigh(weights.T @ centred @ weights).eigenvectors[:, -rank:]
        mean = fitting.xx[-1, :-1] / fitting.rows @ weights
        bias = bias + mean - directions @ (directions.T @ mean)
    decoder.project.weight.data.copy_((weights @ directions).T.reshape(decoder.project.weight.shape))
    decoder.expand.weight.data.copy_(directions[:, :, None, None])
    decoder.expand.bias.data.copy_(bias)
