"""Fit the closed-form `linear` decoder by ridge regression; no gradient descent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints import Configuration, Header, save_checkpoint
from explorer.decoders import decoder_spec
from explorer.decoders.linear import Linear
from explorer.encoders import FrozenEncoder
from explorer.metrics import psnr_of_mse
from trainer.data import PhotoSet
from trainer.loop import STATISTICS_PHOTOS, feature_statistics

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
MAX_ROWS = 400_000
MAX_PRODUCTS = 1e12  # rows x unknowns²: less than half a minute on two cores
BATCH = 16
VALIDATION_PHOTOS = 64


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


def fit_linear(
    architecture: str,
    layers: Sequence[str],
    train: PhotoSet,
    val: PhotoSet,
    out: Path,
    weights: str = "imagenet",
    device: str | torch.device = "cpu",
    precision: str = "fp32",
    decoder_name: str = "linear",
    progress_bar: bool = True,
) -> dict[str, float]:
    """Fit, save into `out`/decoders and return {layer: validation PSNR in dB} of all asked layers.

    Ridge regression from the standardised 3x3 neighbourhood of each position to the pixels below it, with the
    strength that does best on `val`. Shallow layers, which have many positions a photo, use fewer photos.
    """
    encoder = FrozenEncoder(architecture, weights, device)
    statistics = feature_statistics(encoder, train.centre_crops(limit=STATISTICS_PHOTOS), layers)
    decoders, fitted_photos = {}, {}
    for layer in layers:
        spec = encoder.spec.layer(layer)
        decoders[layer] = decoder_spec(decoder_name).build(spec.channels, spec.size).to(device)
        decoders[layer].set_statistics(*statistics[layer])
        rows = min(MAX_ROWS, MAX_PRODUCTS / decoders[layer].unknowns ** 2)
        fitted_photos[layer] = max(1, int(rows / spec.size**2))
    everything = train.centre_crops()
    everything = torch.cat([everything, everything.flip(-1)])
    held_out = val.centre_crops(limit=VALIDATION_PHOTOS)
    encode = partial(moments, encoder, decoders, precision=precision, progress_bar=progress_bar)
    fittings, checkings = encode(everything, fitted_photos), encode(held_out)
    result = {}
    for layer, decoder in decoders.items():
        fitting, checking = fittings[layer], checkings[layer]
        error, strength, solution = min(
            ((held_out_error(checking, candidate), s, candidate) for s, candidate in solutions(fitting)),
            key=lambda found: found[0],
        )
        install(decoder, solution, fitting)
        result[layer] = psnr_of_mse(error)
        header = Header(
            configuration=Configuration(architecture, layer, decoder_name, "mse", weights),
            fingerprint=encoder.fingerprint(layer),
            recipe={"method": "ridge regression, closed form", "strength": strength, "rows": fitting.rows},
            data={
                "train_photos": min(len(train.photos), fitted_photos[layer]),
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
def moments(
    encoder: FrozenEncoder,
    decoders: dict[str, Linear],
    photos01: Tensor,
    limits: dict[str, int] | None = None,
    precision: str = "fp32",
    progress_bar: bool = True,
) -> dict[str, Moments]:
    """Return each layer's summed products of neighbourhoods and patches of (N, 3, H, W) photos in [0, 1].

    One pass serves all layers; a layer with a limit uses that many of the photos, spread over them.
    """
    found = {layer: Moments.zero(decoder) for layer, decoder in decoders.items()}
    count = len(photos01)
    limits = {layer: min(count, (limits or {}).get(layer, count)) for layer in decoders}
    used = {layer: {index * count // limit for index in range(limit)} for layer, limit in limits.items()}
    order = sorted(set().union(*used.values()))
    with tqdm(total=len(order), desc="fitting", unit="photo", disable=not progress_bar) as bar:
        for start in range(0, len(order), BATCH):
            indices = order[start : start + BATCH]
            batch = photos01[indices]
            layers = [layer for layer in decoders if used[layer].intersection(indices)]
            with torch.autocast(encoder.device.type, torch.bfloat16, enabled=precision == "bf16"):
                features = encoder(batch, layers)
            for layer in layers:
                mine = [place for place, index in enumerate(indices) if index in used[layer]]
                found[layer].add(decoders[layer], features[layer][mine].float(), batch[mine])
            bar.update(len(indices))
    return found


def solutions(fitting: Moments):
    """Yield (strength, W (k²C + 1, 3f²)) for each ridge strength; the constant's weight is not penalised."""
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
