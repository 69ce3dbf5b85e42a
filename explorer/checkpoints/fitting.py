"""The linear decoder on the spot: solved from the bundled example photos where no checkpoint is, and kept.

Six photos are few: what comes out is a beginning, and always labelled as fitted on them. Decoders that ship
are made by the trainer.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints.files import (
    CheckpointError,
    Header,
    check_fingerprint,
    load_decoder,
    read_header,
    save_checkpoint,
)
from explorer.checkpoints.ridge import (
    STRENGTHS,
    Moments,
    feature_statistics,
    held_out_error,
    install,
    solutions,
)
from explorer.configurations import AnyConfiguration, Configuration
from explorer.decoders.blocks import PHOTO_SIZE
from explorer.decoders.linear import Linear
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError, expect
from explorer.folders import EXAMPLES
from explorer.kept import Kept, Locks
from explorer.limits import check_allowed
from explorer.measures.pixels import psnr_of_mse
from explorer.photos.loading import load_photo
from explorer.photos.tensors import to_tensor
from explorer.stages import stage
from explorer.wanted import check_wanted

HELD_OUT = 3  # every third photo chooses the strength of the ridge
MIN_VIEWS, MAX_VIEWS = 12, 72
BATCH = 4
ROWS = 20_000  # positions a layer is fitted to, if a few views have as many
MAX_PRODUCTS = 2e11  # rows x unknowns²: some seconds on two cores
MAX_UNKNOWNS = 3500  # above it, each position is seen without its neighbours
FEW_UNKNOWNS = 1500  # above it, only strong ridges are tried: weak ones fit so few photos too closely
STRONG = (0.1, 1.0, 10.0, 100.0)
ENCODING_SECONDS = 12.0  # after these, the views so far must do
SCALES = (1.0, 2.0)  # short side of a photo that a view is cut from, in view sizes
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fit:
    """A linear decoder and what it was fitted on: `photos` photos, `views` crops of them."""

    decoder: Linear
    header: Header


def cache_folder() -> Path:
    """Return where fitted decoders are kept: EXPLORER_CACHE, else a folder in the user's own cache."""
    return Path(os.environ.get("EXPLORER_CACHE") or Path.home() / ".cache" / "feature-inversion-explorer")


def kept_fit(configuration: Configuration, encoder: FrozenEncoder) -> Fit | None:
    """Return the fit of a configuration that is kept, None if there is none that can be used."""
    path = cache_folder() / "decoders" / f"{configuration.name}.safetensors"
    if not path.exists():
        return None
    try:
        header = read_header(path)
        expect(int, header.data.get("train_photos"))
        check_fingerprint(path, header, lambda architecture, weights: encoder)
        return Fit(load_decoder(path, encoder.device), header)
    except (CheckpointError, TypeError) as error:
        log.warning("fitted again: %s", error)
        return None


class Fits:
    """The linear decoders made on the spot, as many of them as fit in `budget` bytes.

    Safe to use from several threads: those of one encoder are made in turn.
    """

    def __init__(self, encoder_for: Callable[[str, str], FrozenEncoder], budget: int):
        self.made: Kept[Configuration, Fit] = Kept(budget)
        self._encoder_for = encoder_for
        self._locks = Locks()

    def photos(self, configuration: AnyConfiguration) -> int:
        """Return how many photos a configuration's decoder was fitted on; 0 if it was not made here."""
        fit = self.made.find(configuration)
        return fit.header.data["train_photos"] if fit else 0

    def get(self, configuration: Configuration) -> Fit:
        """Return a configuration's decoder, made now if it is not there. Raises as `prepare`."""
        while not (fit := self.made.find(configuration)):
            deque(self.prepare([configuration]), maxlen=0)
        return fit

    def prepare(self, configurations: Sequence[Configuration]) -> Iterator[float]:
        """Fit, or read from the cache, what is not made yet: all layers of an encoder from one pass.

        Yields the share that is done of one encoder after the other. Raises UserError as `fit_on_examples`,
        and when fits are switched off.
        """
        encoders: dict[tuple[str, str], list[Configuration]] = {}
        for configuration in configurations:
            if configuration not in self.made:
                key = (configuration.architecture, configuration.weights)
                encoders.setdefault(key, []).append(configuration)
        for key, wanted in encoders.items():
            check_allowed("fits")
            with stage("fit"), self._locks.holding(key):
                yield from self._prepare(self._encoder_for(*key), wanted)

    def _prepare(self, encoder: FrozenEncoder, configurations: list[Configuration]) -> Iterator[float]:
        for configuration in configurations:
            if configuration not in self.made and (kept := kept_fit(configuration, encoder)):
                self.made.put(configuration, kept)
        unknown = [configuration for configuration in configurations if configuration not in self.made]
        if unknown:
            fits = yield from fit_on_examples(encoder, [c.layer for c in unknown])
            for c in unknown:
                self.made.put(c, fits[c.layer])


def fit_on_examples(
    encoder: FrozenEncoder, layers: Sequence[str], photos: Sequence[Path] = ()
) -> Generator[float, None, dict[str, Fit]]:
    """Fit the linear decoder of every layer from one pass, keep them and return {layer: Fit}.

    Yields the share of the work that is done, 0 to 1; closing the generator cancels, and nothing is kept.
    Crops, mirrored crops and scales of the photos (default: the bundled examples) are fitted to; two thirds
    of the photos fit and the others choose the ridge's strength, then all of them are fitted with it. The
    same on every run, unless the encoder is so slow that fewer views are taken. Raises UserError for
    features that are constant, when there are too few photos, and when it is not wanted any more.
    """
    paths = list(photos) or sorted(EXAMPLES.glob("*.jpg"))
    if len(paths) < HELD_OUT:
        raise UserError(
            f"A linear decoder is fitted on {HELD_OUT} photos or more, and here are {len(paths)}."
        )
    yield 0.0
    specs = {layer: encoder.spec.layer(layer) for layer in layers}
    wanted = max(ROWS / spec.size**2 for spec in specs.values())
    views = _views(paths, int(min(MAX_VIEWS, max(MIN_VIEWS, wanted))))
    fitted = {layer: _smaller(spec.channels, spec.size).to(encoder.device) for layer, spec in specs.items()}
    for layer, statistics in feature_statistics(encoder, views[: len(paths)], layers, BATCH).items():
        if not float(statistics[1].max()) > 0:
            raise UserError(
                f"The features of {encoder.architecture} {layer} are constant: nothing to decode."
            )
        fitted[layer].set_statistics(*statistics)
    moments = {layer: (Moments.zero(linear), Moments.zero(linear)) for layer, linear in fitted.items()}
    used = yield from _encode(encoder, fitted, moments, views, len(paths))
    found = {}
    for number, layer in enumerate(layers):
        yield 0.6 + 0.4 * number / len(layers)
        check_wanted()
        found[layer] = _solve(encoder, layer, fitted[layer], *moments[layer], len(paths), used)
    for fit in found.values():
        try:
            save_checkpoint(cache_folder() / "decoders", fit.decoder, fit.header)
        except OSError as error:
            log.warning("the fitted decoder could not be kept: %s", error)
    yield 1.0
    return found


def _smaller(channels: int, size: int) -> Linear:
    """Return an unfitted decoder with a neighbourhood that can be solved for in seconds."""
    linear = Linear(channels, size)
    return linear if linear.unknowns <= MAX_UNKNOWNS else Linear(channels, size, kernel=1)


def _views(paths: Sequence[Path], count: int) -> Tensor:
    """Return (count, 3, 224, 224) crops in [0, 1]; view i is of photo i modulo the number of photos."""
    pictures = [load_photo(path) for path in paths]
    draw = np.random.Generator(np.random.Philox(key=0))
    found = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        side = round(PHOTO_SIZE * draw.uniform(*SCALES))
        scale = side / min(picture.size)
        width, height = (max(PHOTO_SIZE, round(length * scale)) for length in picture.size)
        left, top = draw.integers(width - PHOTO_SIZE + 1), draw.integers(height - PHOTO_SIZE + 1)
        resized = picture.resize((width, height), Image.Resampling.BICUBIC)
        crop = resized.crop((left, top, left + PHOTO_SIZE, top + PHOTO_SIZE))
        view = to_tensor(crop)
        found.append(view.flip(-1) if draw.random() < 0.5 else view)
    return torch.stack(found)


def _encode(
    encoder: FrozenEncoder,
    fitted: dict[str, Linear],
    moments: dict[str, tuple[Moments, Moments]],
    views: Tensor,
    photos: int,
) -> Generator[float, None, int]:
    """Add views to each layer's moments (fitting, checking); yield the share done, return how many views."""
    limit = {layer: min(MAX_PRODUCTS / linear.unknowns**2, 3 * ROWS) for layer, linear in fitted.items()}
    started, done = time.perf_counter(), 0
    while done < len(views):
        if done >= MIN_VIEWS and time.perf_counter() - started > ENCODING_SECONDS:
            break
        check_wanted()
        batch = views[done : done + BATCH]
        held = [(done + place) % photos % HELD_OUT == HELD_OUT - 1 for place in range(len(batch))]
        wanted = [x for x, (fit, _) in moments.items() if fit.rows < limit[x] or done < MIN_VIEWS]
        if not wanted:
            break
        features = encoder(batch, wanted)
        for layer in wanted:
            for half, kept in zip(moments[layer], (False, True), strict=True):
                mine = [place for place, is_held in enumerate(held) if is_held == kept]
                if mine:
                    half.add(fitted[layer], features[layer][mine].float(), batch[mine])
        done += len(batch)
        yield 0.6 * done / len(views)
    return done


def _solve(
    encoder: FrozenEncoder,
    layer: str,
    fitted: Linear,
    fitting: Moments,
    checking: Moments,
    photos: int,
    views: int,
) -> Fit:
    """Return the decoder with the ridge strength that does best on the held-out photos, fitted on all."""
    strengths = STRENGTHS if fitted.unknowns <= FEW_UNKNOWNS else STRONG
    error, strength = min(
        (held_out_error(checking, solution), strength) for strength, solution in solutions(fitting, strengths)
    )
    everything = fitting + checking
    ((_, solution),) = solutions(everything, [strength])
    install(fitted, solution, everything)
    decoder = Linear(fitted.channels, fitted.size)
    decoder.start_from(fitted)
    header = Header(
        configuration=Configuration(encoder.architecture, layer, "linear", "mse", encoder.weights),
        fingerprint=encoder.fingerprint(layer),
        recipe={"method": "ridge regression on the spot", "strength": strength, "rows": everything.rows},
        data={"train_photos": photos, "views": views},
        metrics={"val_loss": error, "val_psnr": psnr_of_mse(error)},
        parameters=sum(p.numel() for p in decoder.parameters()),
    )
    return Fit(decoder.requires_grad_(False).eval().to(encoder.device), header)
