"""The engine: what is kept in memory (encoders, decoders, fits, features, photos) and who waits for it.

Whatever is asked for is made on first use. Safe to call from several threads: a lock a key, so that nobody
waits for what somebody else is making.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import torch
from torch import Tensor

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import CheckpointError, check_fingerprint, load_decoder, read_header
from explorer.checkpoints.fitting import Fits
from explorer.configurations import AnyConfiguration, Configuration, Place, layers_by_architecture
from explorer.decoders import Decoder
from explorer.encoders.frozen import FrozenEncoder
from explorer.encoders.networks import TimmModel
from explorer.encoders.table import normal_name
from explorer.kept import Kept, Locks
from explorer.limits import allowed, limit
from explorer.photos.photo import Photo
from explorer.results.measured import Results
from explorer.stages import stage

# The share of the memory that each kind of what is kept may take.
SHARES = {"encoders": 0.5, "decoders": 0.16, "fits": 0.08, "features": 0.16, "photos": 0.04, "results": 0.06}
T = TypeVar("T")


class Engine:
    """What is kept of one folder of checkpoints on one device, in `memory` bytes (default: as limits say)."""

    def __init__(self, folder: Path, device: torch.device, memory: int | None = None):
        self.folder = folder
        self.device = device
        memory = memory or limit("memory_mb") * 10**6
        budgets = {kind: int(share * memory) for kind, share in SHARES.items()}
        self._fits = Fits(self.encoder, budgets.pop("fits"))
        self.kept: dict[str, Kept] = {kind: Kept(budget) for kind, budget in budgets.items()}
        self.kept["fits"] = self._fits.made
        self._encoding = Locks()
        self._scanning, self._reading = Lock(), Lock()
        self._catalogue: Catalogue | None = None
        self._results: dict[str, Results] = {}

    def catalogue(self) -> Catalogue:
        """Return what can be shown, as found in the folder when first asked; nothing that has collapsed."""
        if self._catalogue is None:
            with self._scanning:
                if self._catalogue is None:
                    self._catalogue = self._scan()
        return self._catalogue

    def results(self, file: str) -> Results:
        """Return the measured results in a file of the folder, as found when first asked."""
        if file not in self._results:
            with self._reading:
                if file not in self._results:
                    self._results[file] = Results.read(self.folder / file)
        return self._results[file]

    def encoder(self, architecture: str, weights: str = "imagenet") -> FrozenEncoder:
        """Return an encoder. Raises UserError for an unknown name; weights are read when it is used."""
        key = normal_name(architecture), weights
        return self.kept["encoders"].get(key, lambda: FrozenEncoder(*key, self.device, self.folder))

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
        if configuration in self.catalogue().entries:
            return self.kept["decoders"].get(configuration, lambda: self._load(configuration))
        self.catalogue().check(configuration)
        return self._fits.get(configuration).decoder

    def ready_beside(self, configuration: Configuration) -> list[Configuration]:
        """Return the configurations that are ready at a configuration's layer, with its weights."""
        place = configuration.sources, configuration.weights
        return [c for c in self.catalogue().single if (c.sources, c.weights) == place]

    def best(self, configuration: Configuration, metric: str = "psnr") -> Configuration | None:
        """Return the ready configuration with the best measured figure at a layer, if any was measured."""
        return self.results("results.json").best(self.ready_beside(configuration), metric)

    def prepare(self, configurations: Sequence[AnyConfiguration], fit: bool = True) -> Iterator[float]:
        """Make ready what takes long: networks that are not bundled, decoders that are fitted on the spot.

        Yields the share that is done, 0 to 1, and nothing when all is ready. Without `fit` only the networks.
        Closing the iterator cancels, and nothing is kept. Raises UserError when an encoder's weights cannot
        be had or its features are constant, and CheckpointError for a configuration whose checkpoint turned
        out unusable: nothing is fitted instead.
        """
        for encoder in self._cold(configurations):
            yield 0.0
            with stage("network"):
                _ = encoder.backbone
            self.kept["encoders"].trim()
        if fit:
            fitted = [c for c in configurations if c not in self.catalogue().entries]
            for configuration in fitted:
                self.catalogue().check(configuration)
            yield from self._fits.prepare(fitted)

    def must_prepare(self, configurations: Sequence[AnyConfiguration], fit: bool = True) -> bool:
        """Return whether `prepare` has something to make ready."""
        return (fit and self.must_fit(configurations)) or any(self._cold(configurations))

    def must_fit(self, configurations: Sequence[AnyConfiguration]) -> bool:
        """Return whether a decoder has to be fitted for any of these."""
        return any(c not in self.catalogue().entries and c not in self._fits.made for c in configurations)

    def fitted_on(self, configuration: AnyConfiguration) -> int:
        """Return how many photos a decoder was fitted on, on the spot; 0 for one from a checkpoint."""
        return self._fits.photos(configuration)

    def once(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gave for this key, which is only called when it is not kept (any more).

        `kind` is "photos" or "results".
        """
        return self.kept[kind].get(key, make)

    def _scan(self) -> Catalogue:
        found = Catalogue.scan(self.folder, on_the_spot=allowed("fits"))
        results = self.results("results.json")
        for c in results.collapsed(found.entries):
            found.drop(c, CheckpointError(results.row(c).collapsed))
        return found

    def _cold(self, configurations: Sequence[AnyConfiguration]) -> Iterator[FrozenEncoder]:
        """Yield the networks of these that take long to get, and are not in memory."""
        asked = {(name, c.weights) for c in configurations for name, _ in c.sources}
        for encoder in (self.encoder(*key) for key in sorted(asked)):
            quick = encoder.spec.bundled and encoder.weights == "imagenet"
            if not quick and not encoder.loaded and isinstance(encoder.spec.network, TimmModel):
                yield encoder

    def _encode(self, photo: Photo, architecture: str, weights: str, layers: list[str]) -> dict[str, Tensor]:
        kept: Kept[Any, dict[str, Tensor]] = self.kept["features"]
        key = (photo.digest, normal_name(architecture), weights)
        known = kept.find(key) or {}
        if any(layer not in known for layer in layers):
            encoder = self.encoder(architecture, weights)
            with self._encoding.holding(key):
                known = kept.find(key) or {}
                if missing := [layer for layer in layers if layer not in known]:
                    with stage("encode"):
                        known = known | encoder(photo.photo01[None], missing, known)
                    kept.put(key, known)
            self.kept["encoders"].trim()
        return {layer: known[layer] for layer in layers}

    def _load(self, configuration: AnyConfiguration) -> Decoder:
        """Load a decoder if it was trained on the encoder weights here. Raises CheckpointError."""
        catalogue = self.catalogue()
        path = catalogue.entries.get(configuration)
        catalogue.check(configuration)  # another may have found it unusable meanwhile
        try:
            with stage("load"):
                check_fingerprint(path, read_header(path), self.encoder)
                return load_decoder(path, self.device)
        except CheckpointError as error:
            if not isinstance(error.__cause__, OSError):  # what passes may do next time
                catalogue.drop(configuration, error)
            raise
