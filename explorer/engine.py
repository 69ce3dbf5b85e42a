"""The engine: what is kept in memory (encoders, decoders, features, photos) and who waits for it.

Whatever is asked for is made on first use. Safe to call from several threads.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import torch
from torch import Tensor

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import CheckpointError, check_fingerprint, load_decoder, read_header
from explorer.checkpoints.fitting import Fits
from explorer.configurations import AnyConfiguration, Configuration, Place, layers_by_architecture
from explorer.decoders import Decoder
from explorer.encoders.frozen import FrozenEncoder
from explorer.photos.photo import Photo
from explorer.results.measured import Results

MAX_PHOTOS = 8  # whose features are kept
MAX_DECODERS = 32
MAX_RESULTS = 16
T = TypeVar("T")


class Engine:
    """What is kept of one folder of checkpoints on one device."""

    def __init__(self, folder: Path, device: torch.device):
        self.folder = folder
        self.device = device
        self._lock = RLock()
        self._encoders: dict[tuple[str, str], FrozenEncoder] = {}
        self._decoders: OrderedDict[AnyConfiguration, Decoder] = OrderedDict()
        self._features: OrderedDict[tuple[str, str, str], dict[str, Tensor]] = OrderedDict()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._fits = Fits(self.encoder)
        self._catalogue: Catalogue | None = None
        self._results: dict[str, Results] = {}

    def catalogue(self) -> Catalogue:
        """Return what can be shown, as found in the folder when first asked; nothing that has collapsed."""
        with self._lock:
            if self._catalogue is None:
                self._catalogue = Catalogue.scan(self.folder, on_the_spot=True)
                for row in self.results("results.json").rows:
                    if row.collapsed and row.configuration in self._catalogue.entries:
                        self._catalogue.drop(row.configuration, CheckpointError(row.collapsed))
            return self._catalogue

    def results(self, file: str) -> Results:
        """Return the measured results in a file of the folder, as found when first asked."""
        with self._lock:
            if file not in self._results:
                self._results[file] = Results.read(self.folder / file)
            return self._results[file]

    def encoder(self, architecture: str, weights: str = "imagenet") -> FrozenEncoder:
        """Return an encoder. Raises UserError for an unknown name; weights are read when it is used."""
        with self._lock:
            key = (architecture, weights)
            if key not in self._encoders:
                self._encoders[key] = FrozenEncoder(architecture, weights, self.device, self.folder)
            return self._encoders[key]

    def features(self, photo: Photo, weights: str, places: Sequence[Place]) -> dict[Place, Tensor]:
        """Return the features (1, C, H, W) of several layers, from one pass of each encoder.

        What is kept of this photo is not computed again. Raises UserError for weights that cannot be had.
        """
        return {
            (architecture, layer): features
            for architecture, layers in layers_by_architecture(places).items()
            for layer, features in self._encode(photo, architecture, weights, layers).items()
        }

    def decoder(self, configuration: AnyConfiguration) -> Decoder:
        """Return a configuration's decoder, fitted now if it is made on the spot. Raises CheckpointError."""
        deque(self.prepare([configuration]), maxlen=0)  # outside the lock: it may take half a minute
        with self._lock:
            if configuration not in self._decoders:
                self._decoders[configuration] = self._load(configuration)
            self._decoders.move_to_end(configuration)
            while len(self._decoders) > MAX_DECODERS:
                self._decoders.popitem(last=False)
            return self._decoders[configuration]

    def best(self, configuration: Configuration, metric: str = "psnr") -> Configuration | None:
        """Return the ready configuration with the best measured figure at a layer, if any was measured."""
        [place] = configuration.sources
        here = [
            c for c in self.catalogue().single if (*c.sources, c.weights) == (place, configuration.weights)
        ]
        return self.results("results.json").best(here, metric)

    def prepare(self, configurations: Sequence[Configuration]) -> Iterator[float]:
        """Make ready what is fitted on the spot, yielding the share that is done, 0 to 1.

        Nothing is yielded when all is ready. Closing the iterator cancels the fit, and nothing of it is kept.
        Raises UserError when an encoder's weights cannot be had or its features are constant, and
        CheckpointError for a configuration whose checkpoint turned out unusable: nothing is fitted instead.
        """
        catalogue = self.catalogue()
        fitted = [c for c in configurations if c not in catalogue.entries]
        for configuration in fitted:
            catalogue.check(configuration)
        return self._fits.prepare(fitted)

    def must_fit(self, configurations: Sequence[Configuration]) -> bool:
        """Return whether `prepare` has to make any of these ready."""
        return any(c not in self.catalogue().entries and c not in self._fits.made for c in configurations)

    def fitted_on(self, configuration: AnyConfiguration) -> int:
        """Return how many photos a decoder was fitted on, on the spot; 0 for one from a checkpoint."""
        return self._fits.photos(configuration)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gave for this key, which is only called when it is not kept (any more)."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MAX_RESULTS:
                self._kept.popitem(last=False)
        return made

    def _encode(self, photo: Photo, architecture: str, weights: str, layers: list[str]) -> dict[str, Tensor]:
        key = (photo.digest, architecture, weights)
        with self._lock:
            known = self._features.setdefault(key, {})
            self._features.move_to_end(key)
            if any(layer not in known for layer in layers):
                known |= self.encoder(architecture, weights)(photo.photo01[None], layers)
            while len(self._features) > MAX_PHOTOS:
                self._features.popitem(last=False)
            return {layer: known[layer] for layer in layers}

    def _load(self, configuration: AnyConfiguration) -> Decoder:
        """Load a decoder if it was trained on the encoder weights here. Raises CheckpointError."""
        catalogue = self.catalogue()
        if configuration not in catalogue.entries:
            catalogue.check(configuration)
            return self._fits.made[configuration].decoder
        path = catalogue.entries[configuration]
        try:
            check_fingerprint(path, read_header(path), self.encoder)
            return load_decoder(path, self.device)
        except CheckpointError as error:
            catalogue.drop(configuration, error)
            raise
