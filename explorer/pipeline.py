"""Explorer: the one object that app, command line, API and tests call; owns caching and locking."""

import hashlib
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import RLock
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from explorer.agreement import CLASSIFIER, Agreement, classify, relative_error
from explorer.catalogue import Catalogue
from explorer.checkpoints import CheckpointError, check_fingerprint, load_decoder, read_header
from explorer.colours import colourise
from explorer.comparison import Comparison, compare
from explorer.configurations import (
    AnyConfiguration,
    Configuration,
    Place,
    encode,
    layers_by_architecture,
)
from explorer.decoders import Decoder
from explorer.devices import choose_device
from explorer.encoders import FrozenEncoder, encoder_spec
from explorer.errors import UserError
from explorer.feature_maps import FeatureMaps
from explorer.fitting import Fits
from explorer.images import load_photo, report_crop, to_pil, to_tensor
from explorer.information import held_bits
from explorer.inversion import Source, invert
from explorer.masks import read_mask
from explorer.metrics import error_map, lpips_network, measure
from explorer.reconstruction import ERROR_RANGE, Contribution, Ensemble, Reconstruction, Recovery, Surgery
from explorer.results import Results
from explorer.search_settings import DEFAULT_SETTINGS, Settings
from explorer.surgery import Given, Operation, operation_spec, psnr_curve
from explorer.weights import checkpoints_folder

MAX_CACHED_PHOTOS = 8
MAX_CACHED_DECODERS = 32
MAX_COMPARED_PHOTOS = MAX_CACHED_PHOTOS
MAX_FITTED_LAYERS = 5
OPTIMISATION = "optimisation"
Features = Tensor | list[Tensor]  # of one source (1, C, H, W), or of each of several


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
        self._decoders: OrderedDict[AnyConfiguration, Decoder] = OrderedDict()
        self._features: OrderedDict[tuple[str, str, str], dict[str, Tensor]] = OrderedDict()
        self._untouched: OrderedDict[tuple[str, Configuration], Reconstruction] = OrderedDict()
        self._fits = Fits(self.encoder)
        self._catalogue: Catalogue | None = None
        self._results: dict[str, Results] = {}

    def catalogue(self) -> Catalogue:
        """Return what can be shown, as found in the checkpoints folder when first asked."""
        with self._lock:
            if self._catalogue is None:
                self._catalogue = Catalogue.scan(self.folder, on_the_spot=True)
            return self._catalogue

    def results(self, file: str = "results.json") -> Results:
        """Return the measured results in a file of the checkpoints folder, as found when first asked.

        "results_published.json" holds what measuring as the published studies did gives.
        """
        with self._lock:
            if file not in self._results:
                self._results[file] = Results.read(self.folder / file)
            return self._results[file]

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
        decoder has only the loss "mse", whatever is asked. The decoder "optimisation" is `recover` with its
        default settings, whatever the loss. Raises UserError for a photo that cannot be used, an unknown
        name, or a configuration that is not ready.
        """
        if decoder == OPTIMISATION:
            return deque(self.recover(image, architecture, layer, weights), maxlen=1)[0].result
        configuration = self.catalogue().find(architecture, layer, decoder, loss, weights)
        self._load([configuration])
        started = time.perf_counter()
        original = report_crop(load_photo(image))
        features = self._encode(original, architecture, weights, [layer])[layer]
        return self._decode(original, features, configuration, started)

    def ensemble(
        self,
        image: Any,
        sources: Sequence[Place],
        fusion: str = "concat",
        decoder: str = "pixel_shuffle",
        loss: str = "mse",
        weights: str = "imagenet",
    ) -> Ensemble:
        """Return the reconstruction from several layers at once, (architecture, layer), one pass an encoder.

        With it comes what each source brings: the reconstruction from it alone, what is lost without it, and
        where the fusion listens to it. Raises UserError as `reconstruct` does.
        """
        configuration = self.catalogue().find_fused(sources, fusion, decoder, loss, weights)
        places = configuration.sources
        alone = [c for c in map(configuration.single, places) if c in self.catalogue().entries]
        self._load([configuration, *alone])
        started = time.perf_counter()
        original = report_crop(load_photo(image))
        features = self._encode_places(original, configuration)
        result = self._decode(original, configuration.inputs(features), configuration, started)
        asked = [(c, c.inputs(features)) for c in alone]
        singles = self._decode_all(original, asked, time.perf_counter()) if asked else []
        of_source = {single.configuration.sources[0]: single for single in singles}
        fused, inputs = self._decoder(configuration), configuration.inputs(features)
        original01 = to_tensor(original)[None].to(self.device)
        with torch.inference_mode():
            attention = fused.weights(inputs)
            without01 = [fused(fused.without(inputs, number)) for number in range(len(places))]
            without = measure(torch.cat(without01), original01)
        return Ensemble(
            result,
            [
                Contribution(
                    place,
                    of_source.get(place),
                    without[number],
                    None if attention is None else attention[0, number].cpu().numpy(),
                )
                for number, place in enumerate(places)
            ],
        )

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
        found = self.depth_configurations(architecture, decoder, loss, weights)
        self._load(found)
        started = time.perf_counter()
        original = report_crop(load_photo(image))
        features = self._encode(original, architecture, weights, [c.layer for c in found])
        return self._decode_all(original, [(c, features[c.layer]) for c in found], started)

    def depth_configurations(
        self, architecture: str, decoder: str = "linear", loss: str = "hybrid", weights: str = "imagenet"
    ) -> list[Configuration]:
        """Return the configurations that `depth` shows: of all layers, shallow to deep, those that are ready.

        If there are none and the decoder can be fitted on the spot, these are up to five layers from the
        first to the last. Raises UserError when no layer has the decoder.
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
        ready = [configuration for configuration in found if configuration in catalogue.entries]
        if ready or len(found) <= MAX_FITTED_LAYERS:
            return ready or found
        last = len(found) - 1
        return [found[round(last * n / (MAX_FITTED_LAYERS - 1))] for n in range(MAX_FITTED_LAYERS)]

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

    def recover(
        self,
        image: Any,
        architecture: str = "vgg16",
        layer: str = "block1",
        weights: str = "imagenet",
        settings: Settings = DEFAULT_SETTINGS,
    ) -> Iterator[Recovery]:
        """Yield ever better pictures of the photo, found by descending on the pixels (`explorer.inversion`).

        At most 5 a second; closing the iterator cancels, and the last one is the best so far. Raises
        UserError as `reconstruct` does, and for features that hold nothing of the photo.
        """
        encoder = self.encoder(architecture, weights)
        encoder_spec(architecture).layer(layer)
        original = report_crop(load_photo(image))
        features = self._encode(original, architecture, weights, [layer])[layer]
        original01 = to_tensor(original)[None].to(self.device)
        start01 = None
        if settings.start == "linear":
            linear = self.catalogue().find(architecture, layer, "linear", "mse", weights)
            with torch.no_grad():
                start01 = self._decoder(linear)(features)
        configuration = Configuration(architecture, layer, OPTIMISATION, "features", weights)
        for snapshot in invert([Source(encoder, layer, features)], settings, start01):
            yield Recovery(
                result=Reconstruction(
                    configuration=configuration,
                    original=original,
                    reconstruction=to_pil(snapshot.photo01[0]),
                    error=error_pictures(snapshot.photo01, original01)[0],
                    metrics=measure(snapshot.photo01, original01)[0],
                    seconds=snapshot.seconds,
                ),
                feature_error=snapshot.feature_error,
                steps=snapshot.steps,
                seconds=snapshot.seconds,
                done=snapshot.done,
            )

    def agreement(self, result: Reconstruction) -> Agreement:
        """Return how well the network's features and a classifier's guesses survive a reconstruction."""
        c = result.configuration
        places = c.sources
        if isinstance(c, Configuration):
            places = [(c.architecture, layer) for layer in encoder_spec(c.architecture).layer_names]
        original01, drawn01 = to_tensor(result.original)[None], to_tensor(result.reconstruction)[None]
        drawn = encode(self.encoder, c.weights, drawn01, places)
        target = self._encode_places(result.original, c, places)
        classifier = self.encoder(CLASSIFIER)
        return Agreement(
            errors={
                layer if isinstance(c, Configuration) else f"{architecture}/{layer}": relative_error(
                    drawn[architecture, layer], target[architecture, layer]
                )
                for architecture, layer in places
            },
            original=classify(classifier, original01),
            reconstruction=classify(classifier, drawn01),
        )

    def compare(self, image: Any, a: Configuration, b: Configuration) -> Comparison:
        """Return the reconstructions of one photo by two configurations, and which is better by how much.

        Raises UserError as `reconstruct` does.
        """
        photo = load_photo(image)
        first, second = (self.reconstruct(photo, **asdict(configuration)) for configuration in (a, b))
        return compare(first, second, self.results())

    def compare_photos(self, images: Sequence[Any], configuration: Configuration) -> list[Reconstruction]:
        """Return the reconstructions of 1 to 8 photos by one configuration, in the order given.

        Raises UserError as `reconstruct` does, naming the photo by its number, and for another number of
        photos; nothing is reconstructed then.
        """
        if not 1 <= len(images) <= MAX_COMPARED_PHOTOS:
            raise UserError(
                f"{len(images)} photos were given: choose 1 to {MAX_COMPARED_PHOTOS} to stand side by side."
            )
        photos = []
        for number, image in enumerate(images, start=1):
            try:
                photos.append(load_photo(image))
            except UserError as error:
                raise UserError(f"Photo {number}: {error}") from error
        return [self.reconstruct(photo, **asdict(configuration)) for photo in photos]

    def features(
        self, image: Any, architecture: str = "vgg16", layer: str = "block1", weights: str = "imagenet"
    ) -> FeatureMaps:
        """Return one layer's feature maps of the photo's centre crop. Raises UserError as `reconstruct`."""
        encoder_spec(architecture).layer(layer)
        original = report_crop(load_photo(image))
        return FeatureMaps.from_tensor(self._encode(original, architecture, weights, [layer])[layer][0])

    def surgery(
        self,
        image: Any,
        architecture: str = "vgg16",
        layer: str = "block1",
        decoder: str = "transposed_conv",
        loss: str = "hybrid",
        weights: str = "imagenet",
        operation: str = "quantise",
        strength: float | None = None,
        mask: Any = None,
        other: Any = None,
    ) -> Surgery:
        """Return the reconstructions from one layer's features before and after an operation on them.

        `explorer.surgery.OPERATIONS` lists the operations with their strengths. `mask` is what
        `explorer.masks.read_mask` takes, `other` a second photo; each is only looked at by the operation that
        needs it. Raises UserError as `reconstruct` does, and for an unknown operation, a strength out of its
        range, or a mask or second photo that is missing or cannot be used.
        """
        chosen = operation_spec(operation)
        value = chosen.check(strength, mask, other)
        configuration = self.catalogue().find(architecture, layer, decoder, loss, weights)
        self._load([configuration])
        original, features, given = self._prepare_surgery(image, configuration, chosen, mask, other)
        before = self._decode_untouched(original, features, configuration)
        started = time.perf_counter()
        operated = chosen.apply(features, value, given)
        return Surgery(
            before=before,
            after=self._decode(original, operated.features, configuration, started),
            operation=operation,
            strength=value,
            channels=operated.channels,
            positions=operated.positions,
            bits_before=held_bits(features),
            bits_after=operated.bits,
        )

    def surgery_curve(
        self,
        image: Any,
        architecture: str = "vgg16",
        layer: str = "block1",
        decoder: str = "transposed_conv",
        loss: str = "hybrid",
        weights: str = "imagenet",
        operation: str = "quantise",
        mask: Any = None,
        other: Any = None,
    ) -> list[dict[str, float | None]]:
        """Return {"strength", "psnr", "bits"} at each of the operation's curve strengths, as JSON-ready data.

        Arguments and errors as in `surgery`.
        """
        chosen = operation_spec(operation)
        chosen.check(None, mask, other)
        configuration = self.catalogue().find(architecture, layer, decoder, loss, weights)
        original, features, given = self._prepare_surgery(image, configuration, chosen, mask, other)
        original01 = to_tensor(original)[None].to(self.device)
        with torch.inference_mode():
            return psnr_curve(chosen, features, given, self._decoder(configuration), original01)

    def photo(self, image: Any) -> Image.Image:
        """Return the part of a photo that is looked at: short side 256, of which the centre 224 pixels."""
        return report_crop(load_photo(image))

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
        key = (_digest(original), architecture, weights)
        with self._lock:
            known = self._features.setdefault(key, {})
            self._features.move_to_end(key)
            if any(layer not in known for layer in layers):
                known |= self.encoder(architecture, weights)(to_tensor(original)[None], layers)
            while len(self._features) > MAX_CACHED_PHOTOS:
                self._features.popitem(last=False)
            return dict(known)

    def _encode_places(
        self, original: Image.Image, c: AnyConfiguration, places: Sequence[Place] = ()
    ) -> dict[Place, Tensor]:
        """Return `_encode` of a configuration's sources, or of other places with its weights."""
        return {
            (name, layer): features
            for name, layers in layers_by_architecture(places or c.sources).items()
            for layer, features in self._encode(original, name, c.weights, layers).items()
        }

    def _decode(
        self, original: Image.Image, features: Features, configuration: AnyConfiguration, started: float
    ) -> Reconstruction:
        return self._decode_all(original, [(configuration, features)], started)[0]

    def _decode_all(
        self, original: Image.Image, asked: Sequence[tuple[AnyConfiguration, Features]], started: float
    ) -> list[Reconstruction]:
        """Return the reconstructions from several features of one photo, measured in one go.

        Each one's `seconds` are its share of the time since `started`.
        """
        original01 = to_tensor(original)[None].to(self.device)
        with torch.inference_mode():
            drawn01 = torch.cat([self._decoder(c)(features) for c, features in asked])
            metrics = measure(drawn01, original01)
            errors = error_pictures(drawn01, original01)
        seconds = (time.perf_counter() - started) / len(asked)
        return [
            Reconstruction(
                configuration=configuration,
                original=original,
                reconstruction=to_pil(drawn01[number]),
                error=errors[number],
                metrics=metrics[number],
                seconds=seconds,
                fitted_on=self._fits.photos(configuration),
            )
            for number, (configuration, _) in enumerate(asked)
        ]

    def _prepare_surgery(
        self, image: Any, configuration: Configuration, operation: Operation, mask: Any, other: Any
    ) -> tuple[Image.Image, Tensor, Given]:
        """Return the photo's crop, its features (1, C, H, W), and what else the operation needs."""
        photo = load_photo(image)
        painted = read_mask(mask, photo.size).to(self.device) if operation.needs == "mask" else None
        crops = [report_crop(photo)]
        if operation.needs == "photo":
            crops.append(report_crop(load_photo(other)))
        source = (configuration.architecture, configuration.weights, [configuration.layer])
        features, *others = [self._encode(crop, *source)[configuration.layer] for crop in crops]
        decoder = self._decoder(configuration)
        given = Given(decoder.feature_mean, decoder.feature_std, painted, *others)
        return crops[0], features, given

    def _decode_untouched(
        self, original: Image.Image, features: Tensor, configuration: Configuration
    ) -> Reconstruction:
        """Return `_decode` of unchanged features; what is in memory for this photo is not decoded again."""
        key = (_digest(original), configuration)
        with self._lock:
            known = self._untouched.get(key)
        found = known or self._decode(original, features, configuration, time.perf_counter())
        with self._lock:
            self._untouched[key] = found
            self._untouched.move_to_end(key)
            while len(self._untouched) > MAX_CACHED_PHOTOS:
                self._untouched.popitem(last=False)
        return found

    def _load(self, configurations: Sequence[AnyConfiguration]) -> None:
        """Load decoders and LPIPS before the clock starts: `seconds` is the time a reconstruction takes."""
        lpips_network(str(self.device))
        deque(self.prepare(configurations), maxlen=0)  # all layers from one pass
        for configuration in configurations:
            self._decoder(configuration)

    def _decoder(self, configuration: AnyConfiguration) -> Decoder:
        deque(self.prepare([configuration]), maxlen=0)  # outside the lock: it may take half a minute
        with self._lock:
            if configuration not in self._decoders:
                self._decoders[configuration] = self._checked_decoder(configuration)
            self._decoders.move_to_end(configuration)
            while len(self._decoders) > MAX_CACHED_DECODERS:
                self._decoders.popitem(last=False)
            return self._decoders[configuration]

    def _checked_decoder(self, configuration: AnyConfiguration) -> Decoder:
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


def error_pictures(drawn01: Tensor, original01: Tensor) -> list[Image.Image]:
    """Return the error maps of reconstructions (N, 3, H, W) of one photo (1, 3, H, W), coloured."""
    errors = error_map(drawn01, original01.expand_as(drawn01)).cpu().numpy()
    return [colourise(error, -ERROR_RANGE, ERROR_RANGE, "diverging") for error in errors]


def _digest(photo: Image.Image) -> str:
    """Return what a photo is known by in memory."""
    return hashlib.sha256(photo.tobytes()).hexdigest()
