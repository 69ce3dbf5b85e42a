"""The table of architectures and their layers. A new architecture is one row in ENCODERS."""

from collections.abc import Sequence
from typing import Any

from explorer.encoders.networks import (
    Conv,
    ConvStack,
    EncoderSpec,
    Layer,
    MaxPool,
    TimmModel,
)
from explorer.encoders.timm_models import timm_id, timm_spec
from explorer.errors import unknown

HALF = (0.5, 0.5, 0.5)
TIMM_PREFIX = "timm:"


def _vgg16() -> EncoderSpec:
    """VGG16 (Simonyan & Zisserman 2015), layers after each max-pool; parameters named as in torchvision."""
    stages, layers, index, channels_in, size = [], [], 0, 3, 224
    for block, (channels, convolutions, field) in enumerate(
        [(64, 2, 6), (128, 2, 16), (256, 3, 44), (512, 3, 100), (512, 3, 212)], start=1
    ):
        stage: list[Conv | MaxPool] = []
        for _ in range(convolutions):
            stage.append(Conv(f"features.{index}", channels_in, channels))
            index, channels_in = index + 2, channels
        stages.append((*stage, MaxPool()))
        index, size = index + 1, size // 2
        layers.append(Layer(f"block{block}", channels, size, field))
    return EncoderSpec("VGG16", tuple(layers), ConvStack(tuple(stages)))


def _alexnet() -> EncoderSpec:
    """AlexNet (Krizhevsky 2014), layers after each ReLU; parameters named as in torchvision."""
    conv1 = Conv("features.0", 3, 64, kernel=11, stride=4, padding=2)
    conv2 = Conv("features.3", 64, 192, kernel=5, padding=2)
    stages = (
        (conv1,),
        (MaxPool(3), conv2),
        (MaxPool(3), Conv("features.6", 192, 384)),
        (Conv("features.8", 384, 256),),
        (Conv("features.10", 256, 256),),
    )
    shapes = [(64, 55, 11), (192, 27, 51), (384, 13, 99), (256, 13, 131), (256, 13, 163)]
    return EncoderSpec("AlexNet", _layers("conv", shapes), ConvStack(stages))


def _layers(prefix: str, shapes: Sequence[tuple[int, int, int]]) -> tuple[Layer, ...]:
    """Return numbered layers of (channels, size, receptive field)."""
    return tuple(Layer(f"{prefix}{number}", *shape) for number, shape in enumerate(shapes, start=1))


def _transformer(title: str, model_id: str, channels: int, patch: int = 16, **more: Any) -> EncoderSpec:
    """A vision transformer (Dosovitskiy et al. 2021): twelve blocks on a grid of patches, no class token."""
    layers = tuple(Layer(f"block{block}", channels, 224 // patch, 224) for block in range(12))
    options = {"img_size": 224, "dynamic_img_size": True}
    return EncoderSpec(title, layers, TimmModel(model_id, tuple(range(12)), options), multiple=patch, **more)


ENCODERS: dict[str, EncoderSpec] = {
    "vgg16": _vgg16(),
    "alexnet": _alexnet(),
    "efficientnet_lite0": EncoderSpec(
        "EfficientNet-Lite0",
        _layers("stage", [(16, 112, 7), (24, 56, 19), (40, 28, 67), (112, 14, 224), (320, 7, 224)]),
        TimmModel("tf_efficientnet_lite0", (0, 1, 2, 3, 4)),
        mean=HALF,
        std=HALF,
        multiple=32,
    ),
    "dinov2_small": _transformer(
        "DINOv2 ViT-S/14",
        "vit_small_patch14_dinov2",
        384,
        patch=14,
        caveat="from a saliency model, possibly tuned",
    ),
    "resnet34": EncoderSpec(
        "ResNet-34",
        _layers("layer", [(64, 56, 59), (128, 28, 179), (256, 14, 224), (512, 7, 224)]),
        TimmModel("resnet34", (1, 2, 3, 4)),
        multiple=32,
        bundled=False,
    ),
    "resnet50": EncoderSpec(
        "ResNet-50",
        _layers("layer", [(256, 56, 35), (512, 28, 91), (1024, 14, 224), (2048, 7, 224)]),
        TimmModel("resnet50", (1, 2, 3, 4)),
        multiple=32,
        bundled=False,
    ),
    "vit_small": _transformer("ViT-S/16", "vit_small_patch16_224", 384, mean=HALF, std=HALF, bundled=False),
    "vit_base": _transformer("ViT-B/16", "vit_base_patch16_224", 768, mean=HALF, std=HALF, bundled=False),
    "pvt_v2_b2": EncoderSpec(
        "PVT-v2-B2",
        _layers("stage", [(64, 56, 224), (128, 28, 224), (320, 14, 224), (512, 7, 224)]),
        TimmModel("pvt_v2_b2", (0, 1, 2, 3)),
        multiple=32,
        bundled=False,
    ),
}


def normal_name(architecture: str) -> str:
    """Return the one way to write an architecture's name: "timm:ID" has several. Raises UserError."""
    if not architecture.startswith(TIMM_PREFIX):
        return architecture
    return TIMM_PREFIX + timm_id(architecture.removeprefix(TIMM_PREFIX))


def encoder_spec(architecture: str) -> EncoderSpec:
    """Return the table row of an architecture, or that of any timm model, "timm:ID".

    Raises UserError listing the allowed names, and as `explorer.encoders.timm_models.timm_spec` does.
    """
    if architecture.startswith(TIMM_PREFIX):
        return timm_spec(timm_id(architecture.removeprefix(TIMM_PREFIX)))
    if architecture not in ENCODERS:
        raise unknown("architecture", architecture, [*ENCODERS, f"{TIMM_PREFIX}ID"])
    return ENCODERS[architecture]
