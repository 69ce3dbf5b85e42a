"""Explorer: the one object that app, command line, API and tests call; owns caching and locking."""

import hashlib
import math
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints import (
    Catalogue,
    CheckpointError,
    Configuration,
    check_fingerprint,
    load_decoder,
    read_header,
)
from explorer.colours import colourise
from explorer.decoders import Decoder
from explorer.devices import choose_device
from explorer.encoders import FrozenEncoder, encoder_spec
from explorer.errors import UserError
from explorer.feature_maps import FeatureMaps
from explorer.images import load_photo, report_crop, to_pil, to_tensor
from explorer.metrics import Metrics, error_map, lpips_network, measure
from explorer.weights import checkpoints_folder

ERROR_RANGE = 0.25  # luminance error at which the error map's colours end
MAX_CACHED_PHOTOS = 8
MAX_CACHED_DECODERS = 32


@dataclass(frozen=True)
class Reconstruction:
    """One photo decoded from its features: three 224x224 pictures, what made them, and the figures."""

    configuration: Configuration
    original: Image.Image
    reconstruction: Image.Image
    error: Image.Image
    metrics: Metrics
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return configuration, metrics and seconds as JSON-ready data (an infinite PSNR as None)."""
        figures = {
            key: value if math.isfinite(value) else None for key, value in asdict(self.metrics).items()
        }
        return asdict(self.configuration) | figures | {"seconds": round(self.seconds, 4)}


class Explorer:
    """Reconstructs photos from the features of frozen networks.

    `checkpoints` is a folder or a Hub repository id, `device` a torch device; both default to the environment
    (EXPLORER_CHECKPOINTS, EXPLORER_DEVICE), then to the bundled checkpoints and a GPU if there is one.
    Features of the latest photos, and decoders, are kept in memory. Safe to call from several threads.
    """

    def __init__(self, checkpoints: str | Path | None = None, device: str | None = None):
        self.folder = checkpoints_folder(checkpoints)
        self.device = choose_device(device)
        self._lock = RLock()
        self._encoders: dict[tuple[str, str], FrozenEncoder] = {}
        self._decoders: OrderedDict[Configuration, Decoder] = OrderedDict()
        self._features: OrderedDict[tuple[str, str, str], dict[str, Tensor]] = OrderedDict()
        self._catalogue: Catalogue | None = None

    def catalogue(self) -> Catalogue:
        """Return what can be shown, as found in the checkpoints folder when first asked."""
        with self._lock:
            if self._catalogue is None:
                self._catalogue = Catalogue.scan(self.folder)
            return self._catalogue

    def reconstruct(
        self,
        image: Any,
        architecture: str = "vgg16",
        layer: str = "block1",
        decoder: str = "transposed_conv",
        loss: str = "hybrid",
        weights: str = "imagenet",
    ) -> Reconstruction:
        """Return the reconstruction of the photo's centre crop from one layer's features.

        `image` is a path, bytes, a PIL image or an array, as in `explorer.images.load_photo`. A closed-form
        decoder has only the loss "mse", whatever is asked. Raises UserError for a photo that cannot be used,
        an unknown name, or a configuration that is not ready.
        """
        configuration = self.catalogue().find(architecture, layer, decoder, loss, weights)
        self._load([configuration])
        started = time.perf_counter()
        original = report_crop(load_photo(image))
        features = self._encode(original, architecture, weights, [layer])[layer]
        return self._decode(original, features, configuration, started)

    def depth(
        self,
        image: Any,
        architecture: str = "vgg16",
        decoder: str = "linear",
        loss: str = "hybrid",
        weights: str = "imagenet",
    ) -> list[Reconstruction]:
        """Return the reconstructions from every layer that has this decoder, shallow to deep, from one pass.

        Raises UserError as `reconstruct` does, and when no layer has the decoder.
        """
        catalogue = self.catalogue()
        names = encoder_spec(architecture).layer_names
        found = []
        for layer in names:
            try:
                found.append(catalogue.find(architecture, layer, decoder, loss, weights))
            except UserError:
                if layer == names[-1] and not found:
                    raise
        self._load(found)
        started = time.perf_counter()
        original = report_crop(load_photo(image))
        features = self._encode(original, architecture, weights, [c.layer for c in found])
        reconstructions = []
        for configuration in found:
            reconstructions.append(
                self._decode(original, features[configuration.layer], configuration, started)
            )
            started = time.perf_counter()
        return reconstructions

    def features(
        self, image: Any, architecture: str = "vgg16", layer: str = "block1", weights: str = "imagenet"
    ) -> FeatureMaps:
        """Return one layer's feature maps of the photo's centre crop. Raises UserError as `reconstruct`."""
        encoder_spec(architecture).layer(layer)
        original = report_crop(load_photo(image))
        return FeatureMaps.from_tensor(self._encode(original, architecture, weights, [layer])[layer][0])

    def encoder(self, architecture: str, weights: str = "imagenet") -> FrozenEncoder:
        """Return the encoder, made on first use."""
        with self._lock:
            key = (architecture, weights)
            if key not in self._encoders:
                self._encoders[key] = FrozenEncoder(architecture, weights, self.device, self.folder)
            return self._encoders[key]

    def _encode(
        self, original: Image.Image, architecture: str, weights: str, layers: list[str]
    ) -> dict[str, Tensor]:
        """Return {layer: features (1, C, H, W)}; what is in memory for this photo is not computed again."""
        key = (hashlib.sha256(original.tobytes()).hexdigest(), architecture, weights)
        with self._lock:
            known = self._features.setdefault(key, {})
            self._features.move_to_end(key)
            if any(layer not in known for layer in layers):
                known |= self.encoder(architecture, weights)(to_tensor(original)[None], layers)
            while len(self._features) > MAX_CACHED_PHOTOS:
                self._features.popitem(last=False)
            return dict(known)

    def _decode(
        self, original: Image.Image, features: Tensor, configuration: Configuration, started: float
    ) -> Reconstruction:
        original01 = to_tensor(original)[None].to(self.device)
        with torch.inference_mode():
            reconstruction01 = self._decoder(configuration)(features)
            metrics = measure(reconstruction01, original01)[0]
            error = error_map(reconstruction01, original01)[0].cpu().numpy()
        return Reconstruction(
            configuration=configuration,
            original=original,
            reconstruction=to_pil(reconstruction01[0]),
            error=colourise(error, -ERROR_RANGE, ERROR_RANGE, "diverging"),
            metrics=metrics,
            seconds=time.perf_counter() - started,
        )

    def _load(self, configurations: list[Configuration]) -> None:
        """Load decoders and LPIPS before the clock starts: `seconds` is the time a reconstruction takes."""
        lpips_network(str(self.device))
        for configuration in configurations:
            self._decoder(configuration)

    def _decoder(self, configuration: Configuration) -> Decoder:
        with self._lock:
            if configuration not in self._decoders:
                self._decoders[configuration] = self._checked_decoder(configuration)
            self._decoders.move_to_end(configuration)
            while len(self._decoders) > MAX_CACHED_DECODERS:
                self._decoders.popitem(last=False)
            return self._decoders[configuration]

    def _checked_decoder(self, configuration: Configuration) -> Decoder:
        """Load a decoder if it was trained on the encoder weights here. Raises CheckpointError."""
        catalogue = self.catalogue()
        path = catalogue.entries[configuration]
        encoder = self.encoder(configuration.architecture, configuration.weights)
        try:
            check_fingerprint(path, read_header(path), encoder)
            return load_decoder(path, self.device)
        except CheckpointError as error:
            catalogue.drop(configuration, error)
            raise
