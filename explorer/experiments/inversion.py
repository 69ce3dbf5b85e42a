"""Reconstruction without training: descend until a picture has the photo's features (optimisation).

Mahendran & Vedaldi 2015, "Understanding Deep Image Representations by Inverting Them", with Adam or L-BFGS in
place of their momentum; what is descended on is a prior (`explorer.experiments.priors`). The photo itself is
never looked at, only its features.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.decoders import Decoder
from explorer.decoders.blocks import PHOTO_SIZE
from explorer.encoders.frozen import FrozenEncoder
from explorer.encoders.libraries import load_compiler
from explorer.errors import UserError
from explorer.experiments.priors import Prior, decoder_weights, fresh_network, pixels
from explorer.experiments.settings import DEFAULT_SETTINGS, Settings

UPDATES_PER_SECOND = 5
COARSE = ((0.1, 4), (0.2, 2))  # the multi-resolution start: until a tenth of the steps pixels of 4x4, ...
JITTER_UNTIL = 0.7  # share of the steps; then the picture settles in its place
RISE = 0.05  # share of the steps in which the learning rate rises
LBFGS_EVALUATIONS = 10
RANGE_WEIGHT = 10.0
START_NOISE = 0.02
ANCHOR_GRID = 28  # places of the picture whose colours an anchor holds


@dataclass(frozen=True)
class Target:
    """A layer of an encoder and the photo's features there, (1, C, H, W), which the picture is to match."""

    encoder: FrozenEncoder
    layer: str
    features: Tensor


@dataclass(frozen=True)
class Snapshot:
    """The best picture so far: photo01 (1, 3, S, S) in [0, 1], found after `step` steps of `restart`, from 0.

    `feature_error` is its relative feature error (as in `measures.agreement`). `steps` and `seconds` are what
    has been used up, and `done` says that nothing follows.
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
    target: Target,
    settings: Settings = DEFAULT_SETTINGS,
    start01: Tensor | None = None,
    decoder: Decoder | None = None,
) -> Iterator[Snapshot]:
    """Yield ever better pictures, at most 5 a second, and at last the best one with `done`.

    `start01` (1, 3, S, S) is a decoder's picture of the features, for the start "linear", an anchor and a
    warm start; `decoder` is the one whose weights the prior "decoder" descends on. Closing the iterator
    cancels: the last snapshot is the best so far. Equal on every run on one device, unless `seconds` ends it.
    Raises UserError for features that hold nothing of the photo.
    """
    check_target(target.features, f"{target.encoder.architecture} {target.layer}")
    load_compiler()  # as an optimiser would, in seconds that are the search's
    started = time.perf_counter()
    best: Snapshot | None = None
    told = -1.0
    used = 0
    for restart in range(settings.restarts):
        for step, error, photo01 in _descend(target, settings, restart, started, start01, decoder):
            used += 1
            seconds = time.perf_counter() - started
            if best is None or error < best.feature_error:
                best = Snapshot(photo01, error, step, restart, used, seconds, False)
            if seconds - told >= 1 / UPDATES_PER_SECOND:
                told = seconds
                yield replace(best, steps=used, seconds=seconds)
    seconds = time.perf_counter() - started
    yield replace(best, steps=used, seconds=seconds, done=True)


def _descend(
    target: Target,
    settings: Settings,
    restart: int,
    started: float,
    start01: Tensor | None,
    decoder: Decoder | None,
) -> Iterator[tuple[int, float, Tensor]]:
    """Yield (step, relative feature error, picture01) after every pass through the encoder."""
    random = torch.Generator().manual_seed(settings.seed + restart)
    prior = _prior(target, settings, start01, decoder, random)
    distance = _distance(target, settings)
    optimiser = _optimiser(settings, prior)
    step, large = 0, 1
    found: list[tuple[float, Tensor]] = []

    def closure() -> Tensor:
        optimiser.zero_grad()
        picture = prior.draw()
        reach = settings.jitter if progress < JITTER_UNTIL else 0
        shift = torch.randint(-reach, reach + 1, (2,), generator=random).tolist()
        loss = distance(picture.roll(shift, dims=(2, 3)) if any(shift) else picture)
        found.append((loss.item() ** 0.5, picture.detach().clamp(0, 1)))
        outside = (picture - 0.5).abs() - 0.5
        loss = loss + settings.total_variation * _total_variation(picture)
        loss = loss + RANGE_WEIGHT * outside.clamp(min=0).square().mean()
        if settings.anchor:
            loss = loss + settings.anchor * F.mse_loss(_colours(picture), _colours(start01))
        loss.backward()
        return loss

    if settings.warm:
        _warm_up(prior, start01, settings)
    while (progress := _progress(settings, restart, step, time.perf_counter() - started)) < 1:
        factor = next((f for until, f in COARSE if settings.coarse_to_fine and progress < until), 1)
        if factor != large:
            prior, large = pixels(prior.draw().detach(), factor), factor
            optimiser = _optimiser(settings, prior)
        if settings.optimiser == "adam":
            optimiser.param_groups[0]["lr"] = settings.learning_rate * _rate(progress)
        optimiser.step(closure)
        for relative, picture01 in found:
            if not math.isfinite(relative):
                raise UserError("The feature error is no longer a number: try a lower learning rate.")
            yield step, relative, picture01
            step += 1
        found.clear()


def _prior(
    target: Target,
    settings: Settings,
    start01: Tensor | None,
    decoder: Decoder | None,
    random: torch.Generator,
) -> Prior:
    """Return what is descended on."""
    if start01 is None and (settings.anchor or settings.warm):
        raise ValueError("an anchor or a warm start needs start01, a decoder's picture")
    if settings.prior == "decoder":
        if decoder is None:
            raise ValueError("the prior 'decoder' needs a decoder")
        return decoder_weights(decoder, target.features, _has_bfloat16(target.features.device))
    if settings.prior == "network":
        return fresh_network(target.features, random.initial_seed())
    return pixels(_start(settings, start01, random).to(target.encoder.device))


def _distance(target: Target, settings: Settings) -> Callable[[Tensor], Tensor]:
    """Return a function of a picture: its features' squared distance by the squared norm of the photo's.

    Where the processor computes in bfloat16, a search on weights, which takes hundreds of passes, does so in
    the encoder: the same end in two thirds of the time. So does the decoder whose weights it descends on.
    """
    device, norm = target.encoder.device, target.features.square().sum()
    half = settings.prior != "pixels" and _has_bfloat16(device)

    def distance(picture: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            features = target.encoder.differentiable(picture, [target.layer])[target.layer]
        return (features.float() - target.features).square().sum() / norm

    return distance


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    known = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def _warm_up(prior: Prior, start01: Tensor, settings: Settings) -> None:
    """Let a prior learn a decoder's picture first."""
    optimiser = torch.optim.Adam(prior.parameters, lr=settings.learning_rate)
    for _ in range(settings.warm):
        optimiser.zero_grad()
        F.mse_loss(prior.draw(), start01).backward()
        optimiser.step()


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


def _optimiser(settings: Settings, prior: Prior) -> torch.optim.Optimizer:
    if settings.optimiser == "adam":
        return torch.optim.Adam(prior.parameters, lr=settings.learning_rate)
    return torch.optim.LBFGS(
        prior.parameters,
        max_iter=1,
        max_eval=LBFGS_EVALUATIONS,
        history_size=20,
        line_search_fn="strong_wolfe",
    )


def _start(settings: Settings, start01: Tensor | None, random: torch.Generator) -> Tensor:
    """Return the picture (1, 3, S, S) that the descent begins with."""
    if settings.start == "linear":
        if start01 is None:
            raise ValueError("the start 'linear' needs start01, the linear decoder's picture")
        return start01.cpu().clone()
    noise = torch.rand(1, 3, PHOTO_SIZE, PHOTO_SIZE, generator=random)
    return noise if settings.start == "noise" else 0.5 + START_NOISE * (noise - 0.5)


def _colours(picture: Tensor) -> Tensor:
    """Return the mean colours (1, 3, 28, 28) of a picture's places."""
    return F.adaptive_avg_pool2d(picture, ANCHOR_GRID)


def _total_variation(picture: Tensor) -> Tensor:
    """Return the mean squared difference of neighbouring pixels, of rows and columns together."""
    return picture.diff(dim=2).square().mean() + picture.diff(dim=3).square().mean()
