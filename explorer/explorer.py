"""Explorer: the verbs. A photo goes in at the door, and what was made of it comes out, with its figures."""

import hashlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import OPTIMISATION, Configuration, FusedConfiguration, with_names
from explorer.drawing import added, compare, decode, judged, load, reconstruct
from explorer.encoders.devices import choose_device
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import checkpoints_folder
from explorer.engine import Engine
from explorer.errors import UserError
from explorer.experiments.bits import held_bits
from explorer.experiments.operations import Given, without
from explorer.experiments.settings import Settings
from explorer.experiments.surgery import DEFAULT_CHANGE, Change, operation_spec, psnr_curve
from explorer.limits import check_allowed
from explorer.measures.agreement import CLASSIFIER, Agreement, classify, relative_error
from explorer.measures.metrics import measure
from explorer.photos.loading import Upload
from explorer.photos.masks import read_mask
from explorer.photos.photo import CENTRE, Photo, Position, read_photo
from explorer.pictures.feature_maps import FeatureMaps
from explorer.reconstruction import Comparison, Contribution, Ensemble, Reconstruction, Recovery, Surgery
from explorer.recovering import recover
from explorer.results.measured import Results
from explorer.stages import stage

MAX_COMPARED_PHOTOS = 8
MAX_FITTED_LAYERS = 5
AnyPhoto = Photo | Upload


class Explorer:
    """Reconstructs photos from the features of frozen networks.

    `checkpoints` is a folder or a Hub repository id, `device` a torch device; both default to the environment
    (EXPLORER_CHECKPOINTS, EXPLORER_DEVICE), then to the bundled checkpoints and a GPU if there is one.

    Every verb takes a `Photo`, or whatever `load_photo` takes, and a `Configuration`, of which it looks at
    what it needs. Names given as keywords replace those of the configuration:
    `reconstruct("cat.jpg", layer="block3", decoder="linear")`. All raise UserError for a photo that cannot be
    used, an unknown name, and what is not ready. Safe to call from several threads. A search takes at most
    `search_seconds` (None: as many as its settings say).
    """

    def __init__(
        self,
        checkpoints: str | Path | None = None,
        device: str | None = None,
        search_seconds: float | None = None,
    ):
        self.search_seconds = search_seconds
        self.engine = Engine(checkpoints_folder(checkpoints), choose_device(device))

    def catalogue(self) -> Catalogue:
        """Return what can be shown, as found in the checkpoints folder when first asked."""
        return self.engine.catalogue()

    def results(self, file: str = "results.json") -> Results:
        """Return the measured results in a file of the checkpoints folder, as found when first asked.

        "results_published.json" holds what measuring as the published studies did gives.
        """
        return self.engine.results(file)

    def prepare(self, configurations: Sequence[Configuration]) -> Iterator[float]:
        """Make ready what is downloaded, or fitted on the spot, yielding the share that is done, 0 to 1."""
        return self.engine.prepare(configurations)

    def photo(self, source: AnyPhoto, at: Position = CENTRE) -> Photo:
        """Return the photo in whatever `read_photo` takes, cropped there; the latest ones are kept."""
        if not isinstance(source, str | Path) or not Path(source).is_file():
            return read_photo(source, at)
        content = hashlib.sha256(Path(source).read_bytes()).digest()
        with stage("photo"):
            return self.engine.once("photos", (content, at), lambda: read_photo(source, at))

    def reconstruct(
        self, photo: AnyPhoto, configuration: Configuration | None = None, **names: str
    ) -> Reconstruction:
        """Return the reconstruction of a photo from one layer's features.

        A closed-form decoder has only the loss "mse", whatever is asked. The decoder "optimisation" is
        `recover` with the settings that suit the layer, whatever the loss.
        """
        asked = with_names(configuration, names)
        if asked.decoder == OPTIMISATION:
            return deque(self.recover(photo, asked), maxlen=1)[0].result
        [found] = reconstruct(self.engine, self.photo(photo), [self.catalogue().find(asked)])
        return found

    def judged(self, result: Reconstruction) -> Reconstruction:
        """Return a reconstruction with the judges' figures, too: feature error, similarity and weave."""
        return judged(self.engine, result)

    def ensemble(self, photo: AnyPhoto, configuration: FusedConfiguration) -> Ensemble:
        """Return the reconstruction from several layers at once, from one pass of each encoder.

        With it comes what each source brings: the reconstruction from it alone, what is lost without it, and
        where the fusion listens to it.
        """
        photo, c = self.photo(photo), self.catalogue().find(configuration)
        alone = [single for single in map(c.single, c.sources) if single in self.catalogue().entries]
        [result] = reconstruct(self.engine, photo, [c])
        singles = reconstruct(self.engine, photo, alone) if alone else []
        of_source = {single.configuration.sources[0]: single for single in singles}
        fused, inputs = self.engine.decoder(c), c.inputs(self.engine.features(photo, c.weights, c.sources))
        with torch.inference_mode():
            attention = fused.weights(inputs)
            without01 = [fused(fused.without(inputs, number)) for number in range(len(c.sources))]
            without = measure(torch.cat(without01), self._on_device(photo))
        maps = [None] * len(c.sources) if attention is None else attention[0].cpu().numpy()
        rows = zip(c.sources, map(of_source.get, c.sources), without, maps, strict=True)
        return Ensemble(result, [Contribution(*row) for row in rows])

    def depth(
        self, photo: AnyPhoto, configuration: Configuration | None = None, **names: str
    ) -> list[Reconstruction]:
        """Return the reconstructions from every layer that has this decoder, shallow to deep, from one pass.

        The configuration's layer is not looked at. Raises UserError when no layer has the decoder.
        """
        asked = self.depth_configurations(with_names(configuration, names))
        return reconstruct(self.engine, self.photo(photo), asked)

    def depth_configurations(self, configuration: Configuration) -> list[Configuration]:
        """Return the configurations that `depth` shows: of all layers, shallow to deep, those that are ready.

        If there are none and the decoder can be fitted on the spot, these are up to five layers from the
        first to the last. Raises UserError when no layer has the decoder.
        """
        catalogue = self.catalogue()
        names = encoder_spec(configuration.architecture).layer_names
        found = []
        for layer in names:
            try:
                found.append(catalogue.find(replace(configuration, layer=layer)))
            except UserError:
                if layer == names[-1] and not found:
                    raise
        ready = [c for c in found if c in catalogue.entries]
        if ready or len(found) <= MAX_FITTED_LAYERS:
            return ready or found
        last = len(found) - 1
        return [found[round(last * n / (MAX_FITTED_LAYERS - 1))] for n in range(MAX_FITTED_LAYERS)]

    def recover(
        self,
        photo: AnyPhoto,
        configuration: Configuration | None = None,
        settings: Settings | None = None,
        **names: str,
    ) -> Iterator[Recovery]:
        """Yield ever better pictures of the photo, found by descending until its features match.

        At most 5 a second; closing the iterator cancels, and the last one is the best so far, with the
        judges' figures. Without settings they are what suits the layer. Raises UserError for features that
        hold nothing of the photo, and when searches are switched off, too.
        """
        check_allowed("searches")
        asked = with_names(configuration, names)
        return recover(self.engine, self.photo(photo), asked, settings, self.search_seconds)

    def agreement(self, result: Reconstruction) -> Agreement:
        """Return how well the network's features and a classifier's guesses survive a reconstruction."""
        c = result.configuration
        single = isinstance(c, Configuration)
        places = c.sources
        if single:
            places = [(c.architecture, layer) for layer in encoder_spec(c.architecture).layer_names]
        drawn = Photo(result.reconstruction, result.reconstruction.size)
        found, target = (self.engine.features(photo, c.weights, places) for photo in (drawn, result.photo))
        classifier = self.engine.encoder(CLASSIFIER)
        return Agreement(
            errors={
                place[1] if single else "/".join(place): relative_error(found[place], target[place])
                for place in places
            },
            original=classify(classifier, result.photo.photo01[None]),
            reconstruction=classify(classifier, drawn.photo01[None]),
        )

    def compare(self, photo: AnyPhoto, a: Configuration, b: Configuration) -> Comparison:
        """Return the reconstructions of one photo by two configurations, and which is better by how much."""
        photo = self.photo(photo)
        first, second = (self.judged(self.reconstruct(photo, c)) for c in (a, b))
        return compare(first, second, self.results())

    def compare_photos(
        self, photos: Sequence[AnyPhoto], configuration: Configuration
    ) -> list[Reconstruction]:
        """Return the reconstructions of 1 to 8 photos by one configuration, in the order given.

        A UserError names the photo by its number; for another number of photos, too, nothing is
        reconstructed.
        """
        if not 1 <= len(photos) <= MAX_COMPARED_PHOTOS:
            raise UserError(
                f"{len(photos)} photos were given: choose 1 to {MAX_COMPARED_PHOTOS} to stand side by side."
            )
        read = []
        for number, photo in enumerate(photos, start=1):
            try:
                read.append(self.photo(photo))
            except UserError as error:
                raise UserError(f"Photo {number}: {error}") from error
        return [self.reconstruct(photo, configuration) for photo in read]

    def features(
        self, photo: AnyPhoto, configuration: Configuration | None = None, **names: str
    ) -> FeatureMaps:
        """Return one layer's feature maps of a photo; the decoder is not looked at."""
        c = with_names(configuration, names)
        encoder_spec(c.architecture).layer(c.layer)
        [features] = self.engine.features(self.photo(photo), c.weights, c.sources).values()
        return FeatureMaps.from_tensor(features[0])

    def channel_drawn(
        self, photo: AnyPhoto, configuration: Configuration, channel: int
    ) -> tuple[Image.Image, Image.Image, float]:
        """Return what a decoder draws without one channel, what the channel adds, and how many times over."""
        c = self.catalogue().find(configuration)
        features, given = self._operands(self.photo(photo), c, DEFAULT_CHANGE)
        with torch.inference_mode():
            return added(*self.engine.decoder(c)(torch.cat([features, without(features, channel, given)])))

    def surgery(
        self,
        photo: AnyPhoto,
        configuration: Configuration | None = None,
        change: Change = DEFAULT_CHANGE,
        **names: str,
    ) -> Surgery:
        """Return the reconstructions from one layer's features before and after a change to them.

        Raises UserError for an unknown operation, a strength out of its range, or a mask or second photo that
        is missing or cannot be used, too.
        """
        operation = operation_spec(change.operation)
        strength = operation.check(change)
        photo, c = self.photo(photo), self.catalogue().find(with_names(configuration, names))
        features, given = self._operands(photo, c, change)
        [before] = reconstruct(self.engine, photo, [c])
        started = time.perf_counter()
        operated = operation.apply(features, strength, given)
        [after] = decode(self.engine, photo, [(c, operated.features)], started)
        return Surgery(
            before=before,
            after=after,
            operation=change.operation,
            strength=strength,
            channels=operated.channels,
            positions=operated.positions,
            bits_before=held_bits(features),
            bits_after=operated.bits,
        )

    def surgery_curve(
        self,
        photo: AnyPhoto,
        configuration: Configuration | None = None,
        change: Change = DEFAULT_CHANGE,
        **names: str,
    ) -> list[dict[str, float | None]]:
        """Return {"strength", "psnr", "bits"} at each strength of the operation's curve, as JSON-ready data.

        The strength of the change itself is not looked at. Raises UserError as `surgery` does.
        """
        operation = operation_spec(change.operation)
        operation.check(replace(change, strength=None))
        photo, c = self.photo(photo), self.catalogue().find(with_names(configuration, names))
        features, given = self._operands(photo, c, change)
        with torch.inference_mode():
            return psnr_curve(operation, features, given, self.engine.decoder(c), self._on_device(photo))

    def _operands(self, photo: Photo, c: Configuration, change: Change) -> tuple[Tensor, Given]:
        """Return a photo's features (1, C, H, W), and what else the operation needs."""
        needs, device = operation_spec(change.operation).needs, self.engine.device
        [decoder] = load(self.engine, [c])
        painted = read_mask(change.mask, photo.size, photo.at).to(device) if needs == "mask" else None
        photos = [photo, self.photo(change.other)] if needs == "photo" else [photo]
        features, *others = [self.engine.features(x, c.weights, c.sources)[c.sources[0]] for x in photos]
        return features, Given(decoder.feature_mean, decoder.feature_std, painted, *others)

    def _on_device(self, photo: Photo) -> Tensor:
        return photo.photo01[None].to(self.engine.device)
