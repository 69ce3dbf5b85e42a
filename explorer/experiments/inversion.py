"""Reconstruction without training: descend on the pixels until their features match (optimisation).

Mahendran & Vedaldi 2015, "Understanding Deep Image Representations by Inverting Them", with Adam or L-BFGS in
place of their momentum.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.decoders.blocks import PHOTO_SIZE
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from explorer.experiments.settings import DEFAULT_SETTINGS, Settings

UPDATES_PER_SECOND = 5
COARSE = ((0.1, 4), (0.2, 2))  # the multi-resolution start: until a tenth of the steps pixels of 4x4, ...
JITTER_UNTIL = 0.7  # share of the steps; then the picture settles in its place
RISE = 0.05  # share of the steps in which the learning rate rises
LBFGS_EVALUATIONS = 10
RANGE_WEIGHT = 10.0
START_NOISE = 0.02


@dataclass(frozen=True)
class Source:
    """A layer of an encoder and the photo's features there, (1, C, H, W), which the picture is to match."""

    encoder: FrozenEncoder
    layer: str
    features: Tensor


@dataclass(frozen=True)
class Snapshot:
    """The best picture so far: photo01 (1, 3, S, S) in [0, 1], found after `step` steps of `restart`, from 0.

    `feature_error` is its relative feature error (as in `measures.agreement`), the mean over the sources.
    `steps` and `seconds` are what has been used up, and `done` says that nothing follows.
    """

    photo01: Tensor
    feature_error: float
    step: int
    restart: int
    steps: int
    seconds: float
    done: bool


def check_target(features: Tensor, where: str) -> None:
    """Raise UserError when features have nothing in them to find a photo by."""
    if not torch.isfinite(features).all():
        raise UserError(f"The features of {where} are not finite numbers, so no picture can match them.")
    if features.flatten(1).std(dim=1).max() <= 1e-6 * features.abs().max():
        raise UserError(
            f"The features of {where} are constant for this photo: they hold nothing of it. "
            "Choose another layer or photo."
        )


def invert(
    sources: Sequence[Source], settings: Settings = DEFAULT_SETTINGS, start01: Tensor | None = None
) -> Iterator[Snapshot]:
    """Yield ever better pictures, at most 5 a second, and at last the best one with `done`.

    All sources have been encoded from one photo of the same size, which the picture gets, too. `start01`
    (1, 3, S, S) is the picture that the start "linear" begins with. Closing the iterator cancels: the last
    snapshot is the best so far. Equal on every run on one device, unless `seconds` ends it. Raises UserError
    for features that hold nothing of the photo.
    """
    for source in sources:
        check_target(source.features, f"{source.encoder.architecture} {source.layer}")
    started = time.perf_counter()
    distance = _distance(sources)
    best: Snapshot | None = None
    told = -1.0
    used = 0
    for restart in range(settings.restarts):
        for step, error, photo01 in _descend(distance, sources, settings, restart, started, start01):
            used += 1
            seconds = time.perf_counter() - started
            if best is None or error < best.feature_error:
                best = Snapshot(photo01, error, step, restart, used, seconds, False)
            if seconds - told >= 1 / UPDATES_PER_SECOND:
                told = seconds
                yield replace(best, steps=used, seconds=seconds)
    seconds = time.perf_counter() - started
    yield replace(best, steps=used, seconds=seconds, done=True)


def _distance(sources: Sequence[Source]) -> Callable[[Tensor], tuple[Tensor, float]]:
    """Return a function of a picture that gives what is minimised and the relative feature error.

    Minimised is the squared distance of the features by the squared norm of the photo's.
    """
    encoders: dict[int, tuple[FrozenEncoder, list[Source]]] = {}
    for source in sources:
        encoders.setdefault(id(source.encoder), (source.encoder, []))[1].append(source)

    def distance(picture: Tensor) -> tuple[Tensor, float]:
        squares = []
        for encoder, own in encoders.values():
            features = encoder.differentiable(picture, {source.layer for source in own})
            for source in own:
                difference = features[source.layer] - source.features
                squares.append(difference.square().sum() / source.features.square().sum())
        relative = sum(square.item() ** 0.5 for square in squares) / len(squares)
        return torch.stack(squares).mean(), relative

    return distance


def _descend(
    distance: Callable[[Tensor], tuple[Tensor, float]],
    sources: Sequence[Source],
    settings: Settings,
    restart: int,
    started: float,
    start01: Tensor | None,
) -> Iterator[tuple[int, float, Tensor]]:
    """Yield (step, relative feature error, picture01) after every pass through the encoders."""
    random = torch.Generator().manual_seed(settings.seed + restart)
    pixels = _start(settings, start01, random).to(sources[0].encoder.device)
    size = pixels.shape[-1]
    step = large = 0
    optimiser: torch.optim.Optimizer | None = None
    found: list[tuple[float, Tensor]] = []

    def closure() -> Tensor:
        optimiser.zero_grad()
        picture = _enlarged(pixels, size)
        reach = settings.jitter if progress < JITTER_UNTIL else 0
        shift = torch.randint(-reach, reach + 1, (2,), generator=random).tolist()
        loss, relative = distance(picture.roll(shift, dims=(2, 3)) if any(shift) else picture)
        found.append((relative, picture.detach().clamp(0, 1)))
        outside = (picture - 0.5).abs() - 0.5
        loss = loss + settings.total_variation * _total_variation(picture)
        loss = loss + RANGE_WEIGHT * outside.clamp(min=0).square().mean()
        loss.backward()
        return loss

    while (progress := _progress(settings, restart, step, time.perf_counter() - started)) < 1:
        factor = next((f for until, f in COARSE if settings.coarse_to_fine and progress < until), 1)
        if factor != large:
            picture = _enlarged(pixels.detach(), size)
            pixels = F.interpolate(picture, (size // factor,) * 2, mode="area")
            pixels = pixels.contiguous().requires_grad_()  # as L-BFGS wants them
            optimiser, large = _optimiser(settings, pixels), factor
        if settings.optimiser == "adam":
            optimiser.param_groups[0]["lr"] = settings.learning_rate * _rate(progress)
        optimiser.step(closure)
        for relative, picture01 in found:
            if not math.isfinite(relative):
                raise UserError("The feature error is no longer a number: try a lower learning rate.")
            yield step, relative, picture01
            step += 1
        found.clear()


def _progress(settings: Settings, restart: int, step: int, seconds: float) -> float:
    """Return the share of a restart's steps or of its part of the seconds, whichever is used up more."""
    steps = step / settings.steps
    if not settings.seconds or not step:  # the shortest search takes one step, too
        return steps
    return max(steps, seconds * settings.restarts / settings.seconds - restart)


def _rate(progress: float) -> float:
    """Return the share of the peak learning rate: a short rise, then a cosine down to zero."""
    if progress < RISE:
        return 0.1 + 0.9 * progress / RISE
    return 0.01 + 0.99 * (1 + math.cos(math.pi * (progress - RISE) / (1 - RISE))) / 2


def _optimiser(settings: Settings, pixels: Tensor) -> torch.optim.Optimizer:
    if settings.optimiser == "adam":
        return torch.optim.Adam([pixels], lr=settings.learning_rate)
    return torch.optim.LBFGS(
        [pixels], max_iter=1, max_eval=LBFGS_EVALUATIONS, history_size=20, line_search_fn="strong_wolfe"
    )


def _start(settings: Settings, start01: Tensor | None, random: torch.Generator) -> Tensor:
    """Return the picture (1, 3, S, S) that the descent begins with."""
    if settings.start == "linear":
        if start01 is None:
            raise ValueError("the start 'linear' needs start01, the linear decoder's picture")
        return start01.cpu().clone()
    noise = torch.rand(1, 3, PHOTO_SIZE, PHOTO_SIZE, generator=random)
    return noise if settings.start == "noise" else 0.5 + START_NOISE * (noise - 0.5)


def _enlarged(pixels: Tensor, size: int) -> Tensor:
    return pixels if pixels.shape[-1] == size else F.interpolate(pixels, (size, size), mode="bilinear")


def _total_variation(picture: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels, of rows and columns together."""
    return picture.diff(dim=2).square().mean() + picture.diff(dim=3).square().mean()
