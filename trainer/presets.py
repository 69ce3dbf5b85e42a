"""What a sweep trains: presets are lists of jobs, and a job is one encoder with its decoders and recipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from explorer.checkpoints import Configuration
from explorer.decoders import decoder_spec
from explorer.encoders import encoder_spec
from explorer.errors import unknown
from explorer.weights import SOURCES
from trainer.recipe import Recipe

DINOV2_BLOCKS = ("block0", "block2", "block5", "block8", "block11")
VIT_BLOCKS = ("block0", "block3", "block6", "block9", "block11")
ABLATED = ("vgg16", "resnet34", "resnet50", "vit_small", "vit_base", "pvt_v2_b2")
ABLATED_DECODERS = ("transposed_conv", "attention", "frequency_aware", "wavelet")
PUBLISHED_STEPS_PER_EPOCH = 640 // 4  # DIV2K's training photos by the batch


@dataclass(frozen=True)
class Job:
    """One run of the trainer: one encoder, its layers, and the decoders trained from one frozen pass."""

    architecture: str
    layers: tuple[str, ...]
    decoders: tuple[str, ...]
    losses: tuple[str, ...]
    recipe: Recipe
    weights: str = "imagenet"

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.weights}"

    @property
    def trained(self) -> list[Configuration]:
        """The configurations that are trained by gradient descent."""
        return [
            Configuration(self.architecture, layer, decoder, loss, self.weights)
            for layer in self.layers
            for decoder in self.decoders
            if not decoder_spec(decoder).closed_form
            for loss in self.losses
        ]

    @property
    def fitted(self) -> list[str]:
        """The closed-form decoders to fit first: those asked for, and what another one starts from."""
        asked = [name for name in self.decoders if decoder_spec(name).closed_form]
        needed = any(decoder_spec(name).starts_from_linear for name in self.decoders)
        return asked if "linear" in asked or not needed else [*asked, "linear"]


def jobs(architectures: Sequence[str], weights: Sequence[str], *rest) -> list[Job]:
    """Return a job for every layer of each architecture, by weights."""
    return [
        Job(architecture, tuple(encoder_spec(architecture).layer_names), *rest, weights=source)
        for architecture in architectures
        for source in weights
    ]


def quick() -> list[Job]:
    recipe = Recipe(steps=300, crop=96, validate_every=150, precision="bf16")
    return [
        Job("vgg16", ("block1", "block2"), ("linear", "transposed_conv", "pixel_shuffle"), ("mse",), recipe)
    ]


def standard() -> list[Job]:
    recipe = Recipe(steps=3000, crop=128, lpips_window=96, validate_every=500, precision="bf16")
    bundled = ("linear", "transposed_conv", "pixel_shuffle"), ("mse", "hybrid"), recipe
    control = ("linear", "transposed_conv"), ("mse",), recipe
    whole_photo = Recipe(steps=3000, crop=224, fixed_views=4, validate_every=500, precision="bf16")
    return [
        *jobs(["vgg16", "alexnet"], ["imagenet"], *bundled),
        *jobs(["efficientnet_lite0"], ["imagenet"], *bundled),
        Job("dinov2_small", DINOV2_BLOCKS, bundled[0], bundled[1], whole_photo),
        *jobs(["vgg16", "resnet34", "resnet50"], ["random"], *control),
        Job("vit_small", VIT_BLOCKS, control[0], control[1], whole_photo, "random"),
        *jobs(["pvt_v2_b2"], ["random"], *control),
    ]


def ablation() -> list[Job]:
    recipe = Recipe(steps=3000, crop=224, lpips_window=128, validate_every=500, precision="bf16")
    return jobs(ABLATED, list(SOURCES), ABLATED_DECODERS, ("mse", "lpips", "hybrid"), recipe)


def published() -> list[Job]:
    recipe = Recipe(
        steps=30 * PUBLISHED_STEPS_PER_EPOCH,
        batch=4,
        crop=224,
        learning_rate=1e-4,
        schedule="plateau",
        plateau_patience=5,
        stop_patience=15,
        validate_every=PUBLISHED_STEPS_PER_EPOCH,
        validation_photos=160,
    )
    return jobs(ABLATED, ["imagenet"], ABLATED_DECODERS, ("hybrid",), recipe)


@dataclass(frozen=True)
class Preset:
    """A list of jobs and a sentence about it."""

    summary: str
    jobs: Callable[[], list[Job]]


PRESETS = {
    "quick": Preset("VGG16 block1 and block2, three decoders: minutes on two CPU cores", quick),
    "standard": Preset(
        "every bundled encoder and the random controls, with the decoders that ship", standard
    ),
    "ablation": Preset(
        f"{len(ABLATED)} architectures x every layer x {len(ABLATED_DECODERS)} decoders x 3 losses x trained "
        "and random weights",
        ablation,
    ),
    "published": Preset(
        "the published studies' recipe (Adam 1e-4, batch 4, 30 epochs of 640 photos, rate halved after 5 "
        "epochs without progress, stopped after 15, half MSE and half LPIPS), against the photo in [0, 1]",
        published,
    ),
}


def preset_jobs(name: str) -> list[Job]:
    """Return a preset's jobs. Raises UserError listing the presets."""
    if name not in PRESETS:
        raise unknown("preset", name, list(PRESETS))
    return PRESETS[name].jobs()
