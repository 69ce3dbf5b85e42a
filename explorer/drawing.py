"""From a photo's features to its reconstructions: pictures drawn, measured, and put together."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from PIL import Image
from torch import Tensor

from explorer.configurations import AnyConfiguration
from explorer.decoders import Decoder
from explorer.engine import Engine
from explorer.measures.comparison import verdicts
from explorer.measures.judges import judge, what_judges_see
from explorer.measures.lpips import lpips_network
from explorer.measures.metrics import METRICS, Metrics, measure
from explorer.measures.pixels import error_map
from explorer.photos.photo import Photo
from explorer.photos.tensors import to_pil, to_tensor
from explorer.pictures.colours import error_picture
from explorer.reconstruction import Comparison, Reconstruction
from explorer.results.measured import Results
from explorer.stages import stage

MOST_TIMES = 100.0  # that what a channel adds is shown over
Features = Tensor | list[Tensor]  # of one source (1, C, H, W), or of each of several


def load(engine: Engine, configurations: Sequence[AnyConfiguration]) -> list[Decoder]:
    """Load decoders and LPIPS before a clock starts: `seconds` is the time a reconstruction takes."""
    lpips_network(str(engine.device))
    deque(engine.prepare(configurations), maxlen=0)  # all layers from one pass
    return [engine.decoder(configuration) for configuration in configurations]


def reconstruct(engine: Engine, photo: Photo, asked: Sequence[AnyConfiguration]) -> list[Reconstruction]:
    """Return the reconstructions by configurations with the same weights, from one pass of each encoder.

    What is kept of this photo is not drawn again, and says how long it took when it was.
    """
    kept = engine.kept["results"]
    found = {c: kept.find((photo.digest, c)) for c in asked}
    if missing := [c for c in asked if found[c] is None]:
        load(engine, missing)
        started = time.perf_counter()
        features = engine.features(photo, missing[0].weights, [place for c in missing for place in c.sources])
        for one in decode(engine, photo, [(c, c.inputs(features)) for c in missing], started):
            made = one.reconstruction, one.error, one.metrics, one.seconds, one.fitted_on
            found[one.configuration] = made  # without the photo, which is kept once for all
            kept.put((photo.digest, one.configuration), made)
    return [Reconstruction(c, photo, *found[c]) for c in asked]


def decode(
    engine: Engine, photo: Photo, asked: Sequence[tuple[AnyConfiguration, Features]], started: float
) -> list[Reconstruction]:
    """Return the reconstructions from several features of one photo, measured in one go.

    Each one's `seconds` are its share of the time since `started`, as `time.perf_counter` counts it.
    """
    with stage("decode"), torch.inference_mode():
        drawn01 = torch.cat([engine.decoder(c)(features) for c, features in asked])
    found = measured(engine, photo, [c for c, _ in asked], drawn01)
    seconds = (time.perf_counter() - started) / len(asked)
    return [one.after(seconds) for one in found]


def measured(
    engine: Engine, photo: Photo, configurations: Sequence[AnyConfiguration], drawn01: Tensor
) -> list[Reconstruction]:
    """Return pictures (N, 3, 224, 224) in [0, 1] that were drawn of one photo, with their figures."""
    with stage("measure"), torch.inference_mode():
        original01 = photo.photo01[None].to(engine.device)
        metrics = measure(drawn01, original01)
        errors = error_map(drawn01, original01.expand_as(drawn01)).cpu().numpy()
    return [
        Reconstruction(
            configuration=configuration,
            photo=photo,
            reconstruction=to_pil(drawn01[number]),
            error=error_picture(errors[number]),
            metrics=metrics[number],
            fitted_on=engine.fitted_on(configuration),
        )
        for number, configuration in enumerate(configurations)
    ]


def judged(engine: Engine, result: Reconstruction) -> Reconstruction:
    """Return a reconstruction with the judges' figures, too: of the picture as it is shown, in 8 bits."""
    drawn, c = Photo(result.reconstruction, result.reconstruction.size), result.configuration

    def figures() -> dict[str, float]:
        found, seen = (what_judges_see(c, partial(engine.features, x)) for x in (drawn, result.photo))
        photos01 = (x.photo01[None].to(engine.device) for x in (drawn, result.photo))
        return {name: value for name, [value] in judge(c, *photos01, found, seen).items()}

    key = "judged", drawn.digest, result.photo.digest, c
    return replace(result, metrics=Metrics(result.metrics | engine.once("results", key, figures)))


def compare(a: Reconstruction, b: Reconstruction, results: Results) -> Comparison:
    """Return the comparison of two reconstructions of one photo; `results` says what is usual."""
    difference = error_map(*(to_tensor(found.reconstruction)[None] for found in (a, b)))[0].numpy()
    usual = {metric: results.paired(a.configuration, b.configuration, metric) for metric in METRICS}
    return Comparison(a, b, error_picture(difference), verdicts(a.metrics, b.metrics, usual))


def added(with01: Tensor, without01: Tensor) -> tuple[Image.Image, Image.Image, float]:
    """Return the second of two pictures (3, H, W), what the first has more on grey, and how many times."""
    more = with01 - without01
    times = min(MOST_TIMES, 0.5 / max(more.abs().max().item(), 1e-6))
    return to_pil(without01), to_pil((0.5 + times * more).clamp(0, 1)), times
