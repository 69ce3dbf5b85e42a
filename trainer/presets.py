"""What a sweep trains: presets are lists of jobs, and a job is one encoder with its decoders and recipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from explorer.configurations import Configuration, FusedConfiguration, Place
from explorer.decoders import decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.errors import unknown
from explorer.folders import BUNDLED
from trainer.recipe import Recipe

DINOV2_SHALLOW, DINOV2_DEEP = ("block0", "block2"), ("block5", "block8", "block11")
VIT_BLOCKS = ("block0", "block3", "block6", "block9", "block11")
ABLATED = ("vgg16", "resnet34", "resnet50", "vit_small", "vit_base", "pvt_v2_b2")
ABLATED_DECODERS = ("transposed_conv", "attention", "frequency_aware", "wavelet")
PUBLISHED_STEPS_PER_EPOCH = 640 // 4  # DIV2K's training photos by the batch
WHOLE_PHOTOS = Recipe(  # all encoders can see 224 pixels
    steps=2000, batch=2, crop=224, learning_rate=3e-4, validate_every=500, precision="bf16"
)


Fit = tuple[str, tuple[str, ...], str]  # architecture, layers and closed-form decoder


@dataclass(frozen=True)
class Job:
    """One run of the trainer: one encoder, its layers, and the decoders trained from one frozen pass."""

    architecture: str
    layers: tuple[str, ...]
    decoders: tuple[str, ...]
    losses: tuple[str, ...]
    recipe: Recipe
    weights: str = "imagenet"
    part: str = ""  # what tells it from the preset's other jobs for the same weights

    @property
    def name(self) -> str:
        start = "" if self.recipe.start == "linear" else f"-{self.recipe.start}"
        return f"{self.architecture}-{self.weights}{start}{self.part}"

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
    def starts_from_shipped(self) -> bool:
        """Whether its decoders start from shipped ones, and not from what the job itself makes."""
        return any(decoder_spec(name).starts_from for name in self.decoders)

    @property
    def fitted(self) -> list[Fit]:
        """The closed-form decoders to fit first: those asked for, and what another one starts from."""
        asked = [name for name in self.decoders if decoder_spec(name).closed_form]
        specs = [decoder_spec(name) for name in self.decoders]
        needed = any(spec.starts_from_linear and not spec.starts_from for spec in specs)
        names = asked if "linear" in asked or not needed else [*asked, "linear"]
        return [(self.architecture, self.layers, name) for name in names]


@dataclass(frozen=True)
class FusedJob:
    """One run of the trainer: decoders of ensembles, each a tuple of sources, from one pass an encoder."""

    name: str
    ensembles: tuple[tuple[Place, ...], ...]
    fusions: tuple[str, ...]
    decoders: tuple[str, ...]
    losses: tuple[str, ...]
    recipe: Recipe
    weights: str = "imagenet"
    starts_from_shipped = True

    @property
    def trained(self) -> list[FusedConfiguration]:
        """The configurations that are trained."""
        return [
            FusedConfiguration(sources, fusion, decoder, loss, self.weights)
            for sources in self.ensembles
            for fusion in self.fusions
            for decoder in self.decoders
            for loss in self.losses
        ]

    @property
    def fitted(self) -> list[Fit]:
        """The linear maps that decoders start from when their largest source's own decoder does not ship."""
        missing = [
            single.sources
            for single in (c.single(c.largest) for c in self.trained)
            if decoder_spec(single.decoder).starts_from_linear and not ships(single)
        ]
        return [(architecture, (layer,), "linear") for [(architecture, layer)] in dict.fromkeys(missing)]


AnyJob = Job | FusedJob


def ships(configuration: Configuration) -> bool:
    """Whether a configuration's checkpoint is among the bundled ones."""
    return (BUNDLED / "decoders" / f"{configuration.name}.safetensors").exists()


def of_one(architecture: str, layers: Sequence[str]) -> tuple[Place, ...]:
    """Return several layers of one architecture as sources."""
    return tuple((architecture, layer) for layer in layers)


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
    control = ("mse",), recipe
    whole_photo = Recipe(steps=3000, crop=224, fixed_views=4, validate_every=500, precision="bf16")
    return [
        *jobs(["vgg16", "alexnet", "efficientnet_lite0"], ["imagenet"], *bundled),
        Job("dinov2_small", DINOV2_SHALLOW, *bundled[:2], whole_photo),
        Job("dinov2_small", DINOV2_DEEP, *bundled[:2], replace(whole_photo, start="scratch")),
        *jobs(["vgg16"], ["random"], ("linear", "transposed_conv"), *control),
        *jobs(["resnet34", "resnet50", "pvt_v2_b2"], ["random"], ("linear",), *control),
        Job("vit_small", VIT_BLOCKS, ("linear",), ("mse",), whole_photo, "random"),
    ]


def deep() -> list[Job]:
    recipe = Recipe(
        steps=3000,
        batch=4,
        crop=224,
        views="changed",
        ema=0.998,
        gradient_clip=1.0,
        validate_every=500,
        precision="bf16",
    )
    deepest = replace(recipe, steps=4000, batch=16, fixed_views=4, start="before", learning_rate=2e-3)
    rest = ("upsample_conv",), ("features",)
    found = []
    for architecture, layers, deepest_layer, start in (
        ("vgg16", ("block3",), "block4", "colours"),
        ("alexnet", ("conv3", "conv4"), "conv5", "colours"),
        ("efficientnet_lite0", ("stage3", "stage4"), "stage5", "colours"),
        ("dinov2_small", DINOV2_DEEP[:-1], DINOV2_DEEP[-1], "scratch"),
    ):
        found.append(Job(architecture, layers, *rest, replace(recipe, start=start)))
        found.append(Job(architecture, (deepest_layer,), *rest, deepest))
    return found


def ablation() -> list[Job]:
    recipe = Recipe(steps=3000, crop=224, lpips_window=128, validate_every=500, precision="bf16")
    return jobs(ABLATED, list(WEIGHTS), ABLATED_DECODERS, ("mse", "lpips", "hybrid"), recipe)


def alike() -> list[Job]:
    decoders = tuple(f"{name}{size}" for size in ("", "@1M") for name in ABLATED_DECODERS)
    # crops: of 112, VGG16's block5 would have 3 x 3 places, and a transformer's positions are for 224
    vgg16 = [("vgg16", "imagenet", *run) for run in (("block1", 112, 42), ("block5", 224, 42))]
    vgg16 += [("vgg16", "imagenet", "block3", 112, seed) for seed in (42, 43, 44)]
    controls = [("resnet34", "random", "layer2", 128, 42), ("vit_small", "random", "block5", 224, 42)]
    recipe = Recipe(steps=150, batch=4, lpips_window=112, validate_every=75, validation_photos=16)
    rest = decoders, ("mse", "hybrid")
    return [
        Job(name, (layer,), *rest, replace(recipe, crop=crop, seed=seed), weights, f"-{layer}-seed{seed}")
        for name, weights, layer, crop, seed in vgg16 + controls
    ]


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


def ensemble() -> list[FusedJob]:
    sources = (("resnet34", "layer1"), ("vgg16", "block1"), ("vit_small", "block1"), ("pvt_v2_b2", "stage1"))
    return [FusedJob("ensemble", (sources,), tuple(FUSIONS), ABLATED_DECODERS, ("hybrid",), WHOLE_PHOTOS)]


def ensemble_bundled() -> list[FusedJob]:
    shallow = (
        ("vgg16", "block1"),
        ("alexnet", "conv1"),
        ("efficientnet_lite0", "stage1"),
        ("dinov2_small", "block0"),
    )
    deep = (
        ("vgg16", "block5"),
        ("alexnet", "conv5"),
        ("efficientnet_lite0", "stage5"),
        ("dinov2_small", "block11"),
    )
    kinds = "transposed_conv", "pixel_shuffle"
    views = replace(WHOLE_PHOTOS, steps=800, batch=8, fixed_views=2, learning_rate=1e-3, start="scratch")
    return [
        FusedJob("shallow", (shallow,), tuple(FUSIONS), kinds, ("mse",), WHOLE_PHOTOS),
        FusedJob("deep", (deep,), ("concat",), ("pixel_shuffle",), ("mse",), views),
    ]


def multilayer() -> list[FusedJob]:
    blocks = [("block1", "block3", "block5"), ("block2", "block4"), encoder_spec("vgg16").layer_names]
    vgg16 = tuple(of_one("vgg16", layers) for layers in blocks)
    resnet50 = (of_one("resnet50", encoder_spec("resnet50").layer_names),)
    crops = replace(WHOLE_PHOTOS, steps=1500, batch=6, crop=128)
    rest = ("concat",), ("pixel_shuffle",), ("mse",), crops
    return [
        FusedJob("vgg16-imagenet", vgg16, *rest),
        FusedJob("resnet50-imagenet", resnet50, *rest),
        FusedJob("resnet50-random", resnet50, *rest, weights="random"),
    ]


@dataclass(frozen=True)
class Preset:
    """A list of jobs and a sentence about it."""

    summary: str
    jobs: Callable[[], list[AnyJob]]


PRESETS = {
    "quick": Preset("VGG16 block1 and block2, three decoders: minutes on two CPU cores", quick),
    "standard": Preset(
        "every bundled encoder and the random controls, with the decoders that ship", standard
    ),
    "deep": Preset(
        "deep layers of every bundled encoder, for the network's own features, from the shipped decoders",
        deep,
    ),
    "ablation": Preset(
        f"{len(ABLATED)} architectures x every layer x {len(ABLATED_DECODERS)} decoders x 3 losses x trained "
        "and random weights",
        ablation,
    ),
    "alike": Preset(
        "the four decoders of the ablation, as published and with 1M parameters each, for MSE and hybrid, "
        "trained alike at three layers of VGG16, at block3 with three seeds, and at one of two random nets",
        alike,
    ),
    "published": Preset(
        "the published studies' recipe (Adam 1e-4, batch 4, 30 epochs of 640 photos, rate halved after 5 "
        "epochs without progress, stopped after 15, half MSE and half LPIPS), against the photo in [0, 1]",
        published,
    ),
    "ensemble": Preset(
        "the published ensemble: ResNet-34 layer1, VGG16 block1, ViT-S block1 and PVT-v2-B2 stage1, "
        f"{len(FUSIONS)} fusions x {len(ABLATED_DECODERS)} decoders",
        ensemble,
    ),
    "ensemble-bundled": Preset(
        "ensembles of the four bundled encoders, shallow (three fusions) and deep", ensemble_bundled
    ),
    "multilayer": Preset("several depths of VGG16, and of ResNet-50 (also its control)", multilayer),
}


def preset_jobs(name: str) -> list[AnyJob]:
    """Return a preset's jobs. Raises UserError listing the presets."""
    if name not in PRESETS:
        raise unknown("preset", name, list(PRESETS))
    return PRESETS[name].jobs()
