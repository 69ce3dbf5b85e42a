"""Measure what one frozen pass saves: `python -m tests.benchmarks.training [--layer block1 ...]`.

Every decoder that ships for VGG16 takes the same steps, on crops of the example photos: in a plain loop, one
decoder after the other (encoder, decoder, loss, in float32), and in the trainer's single pass, in float32 and
in bf16. The three take turns, so that other load on the machine falls on all of them. Prints seconds a step
of all decoders, and the ratios to the plain loop.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from explorer import Explorer
from explorer.checkpoints.files import build_decoder
from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder
from explorer.encoders.table import encoder_spec
from explorer.folders import BUNDLED
from tests.serving import ROOT
from trainer.data.photos import PhotoSet, load_set
from trainer.recipe import Recipe
from trainer.training.loop import Training
from trainer.training.losses import reconstruction_loss

RECIPE = Recipe(steps=100, batch=8, crop=128, lpips_window=96)


def plain_loop(configurations: list[Configuration], photos: PhotoSet) -> Callable[[], None]:
    """Return a function that takes one step of each decoder, one after the other."""
    encoder = FrozenEncoder("vgg16")
    decoders = [build_decoder(configuration) for configuration in configurations]
    optimizers = [torch.optim.Adam(decoder.parameters(), lr=1e-3) for decoder in decoders]

    def step() -> None:
        for configuration, decoder, optimizer in zip(configurations, decoders, optimizers, strict=True):
            crops = photos.random_crops(0, RECIPE.batch, RECIPE.crop, RECIPE.seed)
            features = encoder(crops, [configuration.layer])[configuration.layer]
            drawn = decoder.draw(features, RECIPE.crop)
            loss = reconstruction_loss(configuration.loss, drawn, crops, RECIPE.window(0))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", nargs="+", default=encoder_spec("vgg16").layer_names)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    configurations = [
        c
        for c in Explorer(BUNDLED).catalogue().single
        if c.architecture == "vgg16" and c.weights == "imagenet" and c.decoder != "linear"
        if c.layer in options.layer
    ]
    photos = load_set(ROOT / "assets" / "examples", progress=False)
    ways = {"plain loop, float32": plain_loop(configurations, photos)}
    with tempfile.TemporaryDirectory() as folder:
        for name, precision in {"one pass, float32": "fp32", "one pass, bf16": "bf16"}.items():
            recipe = replace(RECIPE, precision=precision)
            run = Training(configurations, recipe, photos, photos, Path(folder), progress_bar=False)
            ways[name] = run.train_step
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for round_number in range(options.rounds + 1):  # the first warms up
            for name, step in ways.items():
                started = time.perf_counter()
                step()
                if round_number:
                    seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    plain = next(iter(medians.values()))
    print(f"{len(configurations)} decoders, batches of {RECIPE.batch} crops of {RECIPE.crop} pixels")
    for name, median in medians.items():
        print(f"{name:>20}: {median:6.1f} s a step, {median / plain:.2f} of the plain loop")


if __name__ == "__main__":
    main()
