"""From a photo's features back to a photo by descending until they match, watched and measured on the way."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from explorer.configurations import OPTIMISATION, Configuration
from explorer.drawing import judged, measured
from explorer.encoders.table import encoder_spec
from explorer.engine import Engine
from explorer.experiments.inversion import Target
from explorer.experiments.lending import search
from explorer.experiments.settings import Settings, usual_settings
from explorer.photos.photo import Photo
from explorer.reconstruction import Recovery
from explorer.wanted import check_wanted

MOST_BELOW = 1.0  # dB of mean PSNR


def recover(
    engine: Engine,
    photo: Photo,
    asked: Configuration,
    settings: Settings | None = None,
    most_seconds: float | None = None,
) -> Iterator[Recovery]:
    """Yield ever better pictures of a photo, for `most_seconds` at most, whatever the settings say.

    Raises UserError as `invert` does, for an unknown name, and when it is not wanted any more.
    """
    settings = settings or suited(engine, asked)
    if most_seconds:
        settings = replace(settings, seconds=min(settings.seconds or most_seconds, most_seconds))
    c = replace(asked, decoder=OPTIMISATION, loss="features")
    encoder = engine.encoder(c.architecture, c.weights)
    target = Target(encoder, c.layer, *engine.features(photo, c.weights, c.sources).values())
    decoder = start01 = None
    start = search_start(engine, asked, settings)
    if start:
        decoder = engine.decoder(start)
        with torch.no_grad():
            start01 = decoder(target.features)
    for snapshot in search(target, settings, start01, decoder):
        check_wanted()
        [result] = measured(engine, photo, [c], snapshot.photo01)
        if snapshot.done:
            result = judged(engine, result)
        progress = (snapshot.feature_error, snapshot.steps, snapshot.seconds, snapshot.done)
        yield Recovery(result.after(snapshot.seconds), *progress, settings.prior)


def suited(engine: Engine, asked: Configuration, prior: str = "") -> Settings:
    """Return the settings that suit a prior and a layer; without a prior those of the layer's usual one.

    Raises UserError for an unknown name.
    """
    size = encoder_spec(asked.architecture).layer(asked.layer).size
    start = start_of_weights(engine, asked)
    return usual_settings(prior, size, start is not None and start.loss == "features")


def search_start(engine: Engine, asked: Configuration, settings: Settings) -> Configuration | None:
    """Return the decoder whose picture, or weights, a search begins from; None if it begins from nothing.

    Where nothing better is known it is the linear one, which may have to be fitted first.
    """
    if settings.prior == "pixels" and settings.start != "linear":
        return None
    best = None if settings.prior == "pixels" else start_of_weights(engine, asked)
    return best or engine.catalogue().find(replace(asked, decoder="linear", loss="mse"))


def start_of_weights(engine: Engine, asked: Configuration) -> Configuration | None:
    """Return the decoder for features at a layer, or the most exact one where that is MOST_BELOW better.

    A search keeps to its start's coarse colours. From the one for features two photos at AlexNet conv5 came
    out without weave (0.02, not 0.42) and nearer by the judge (0.79, not 0.68). At DINOv2 block11 one photo
    came out 1.4 dB worse from one that was 1.2 dB below, three 0.6 dB better from one 0.9 dB below.
    """
    best = engine.best(asked)
    for_features = next((c for c in engine.ready_beside(asked) if c.loss == "features"), None)
    if not (best and for_features):
        return for_features or best
    row_of = engine.results("results.json").row
    row = row_of(for_features)
    far_below = row and row_of(best).mean["psnr"] - row.mean["psnr"] > MOST_BELOW
    return best if far_below else for_features
