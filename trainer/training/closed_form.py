"""Fit the closed-form `linear` decoder by ridge regression; no gradient descent."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints.files import Header, save_checkpoint
from explorer.checkpoints.ridge import Moments, feature_statistics, held_out_error, install, solutions
from explorer.configurations import Configuration
from explorer.decoders import decoder_spec
from explorer.decoders.linear import Linear
from explorer.encoders.frozen import FrozenEncoder
from explorer.measures.pixels import psnr_of_mse
from trainer.data.photos import PhotoSet
from trainer.recipe import autocast
from trainer.training.batches import STATISTICS_PHOTOS

MAX_ROWS = 400_000
MAX_PRODUCTS = 1e12  # rows x unknowns²: less than half a minute on two cores
BATCH = 16
VALIDATION_PHOTOS = 64


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
            with autocast(precision, encoder.device):
                features = encoder(batch, layers)
            for layer in layers:
                mine = [place for place, index in enumerate(indices) if index in used[layer]]
                found[layer].add(decoders[layer], features[layer][mine].float(), batch[mine])
            bar.update(len(indices))
    return found
