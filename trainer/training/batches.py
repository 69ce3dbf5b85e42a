"""What decoders learn from and are checked on: features, and the pictures to draw from them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from explorer.checkpoints.ridge import feature_statistics
from explorer.configurations import Place, encode, layers_by_architecture
from explorer.encoders.frozen import FrozenEncoder
from trainer.data.changes import changed_views
from trainer.data.photos import PhotoSet
from trainer.data.views import FixedViews, fixed_views
from trainer.measuring.protocols import normalised_and_clipped
from trainer.recipe import Recipe, autocast
from trainer.training.processes import Processes

STATISTICS_PHOTOS = 64
VALIDATION_BATCH = 8
Features = Mapping[Place, Tensor]  # of one batch, (N, C, H, W) each
Batch = tuple[Features, Tensor]  # with the pictures (N, 3, H, W) in [0, 1] that are to be drawn


class Batches:
    """Batches of one run, from one pass of each encoder.

    `layers` are the {architecture: names} that all decoders together need, `encoders` those of them, all with
    the same kind of `weights`.
    """

    def __init__(
        self,
        encoders: Mapping[str, FrozenEncoder],
        layers: Mapping[str, Sequence[str]],
        weights: str,
        recipe: Recipe,
        train: PhotoSet,
        val: PhotoSet,
        processes: Processes,
    ):
        self.encoders, self.layers, self.weights = encoders, layers, weights
        self.recipe = recipe
        self.train, self.val = train, val
        self.processes = processes
        self._views: FixedViews | None = None

    def encode_views(self, places: Iterable[Place], folder: Path, progress_bar: bool) -> None:
        """Encode the fixed views that `of_step` then draws from, or read what `folder` keeps of them."""
        recipe, layers = self.recipe, layers_by_architecture(places)
        crops = recipe.fixed_views, recipe.crop, recipe.seed
        rest = recipe.precision, progress_bar, recipe.views
        with self.processes.main_first():
            self._views = fixed_views(self.encoders, layers, self.train, *crops, folder, *rest)

    def of_step(self, step: int, places: Iterable[Place]) -> Batch:
        """Return this process's share of one step's batch, with the features of `places`."""
        recipe, processes = self.recipe, self.processes
        if self._views:
            features, crops = self._views.batch(step, recipe.batch, recipe.seed)
            photos01 = processes.share(crops).to(processes.device)
            on_device = {place: processes.share(features[place]).to(processes.device) for place in places}
            return on_device, self._target(photos01)
        if recipe.views == "changed":
            crops = changed_views(self.train, step, recipe.batch, recipe.crop, recipe.seed)
        else:
            crops = self.train.random_crops(step, recipe.batch, recipe.crop, recipe.seed)
        photos01 = processes.share(crops).to(processes.device)
        with autocast(recipe.precision, processes.device):
            features = self._encode(photos01, places)
        return {place: found.float() for place, found in features.items()}, self._target(photos01)

    def validation(self) -> list[Batch]:
        """Return the validation photos, encoded once: encoders are frozen, so features never change."""
        crops = self.val.centre_crops(limit=self.recipe.validation_photos).to(self.processes.device)
        places = [(name, layer) for name, layers in self.layers.items() for layer in layers]
        return [
            (self._encode(photos01, places), self._target(photos01))
            for photos01 in crops.split(VALIDATION_BATCH)
        ]

    def statistics(self) -> dict[Place, tuple[Tensor, Tensor]]:
        """Return each layer's mean and standard deviation a channel, over training photos."""
        crops = self.train.centre_crops(limit=STATISTICS_PHOTOS)
        return {
            (name, layer): found
            for name, layers in self.layers.items()
            for layer, found in feature_statistics(self.encoders[name], crops, layers).items()
        }

    def encoder_for(self, architecture: str, weights: str) -> FrozenEncoder:
        return self.encoders[architecture]

    def _encode(self, photos01: Tensor, places: Iterable[Place]) -> Features:
        return encode(self.encoder_for, self.weights, photos01, places)

    def _target(self, photos01: Tensor) -> Tensor:
        """Return the pictures in [0, 1] that the decoders are to draw."""
        return normalised_and_clipped(photos01) if self.recipe.target == "normalised" else photos01
