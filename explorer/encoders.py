"""The table of architectures and their layers, and FrozenEncoder: one forward pass, all asked layers.

A new architecture is one row in ENCODERS.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.backbones import (
    Backbone,
    Conv,
    ConvStack,
    EncoderSpec,
    Layer,
    MaxPool,
    TimmModel,
)
from explorer.errors import UserError, unknown
from explorer.weights import philox_uniform, weight_source
from explorer.zoo import timm_spec

HALF = (0.5, 0.5, 0.5)
PROBE_SIZE = 64
FINGERPRINT_LENGTH = 16
TIMM_PREFIX = "timm:"


def _vgg16() -> EncoderSpec:
    """VGG16 (Simonyan & Zisserman 2015), layers after each max-pool; parameters named as in torchvision."""
    stages, layers, index, channels_in, size = [], [], 0, 3, 224
    for block, (channels, convolutions) in enumerate(
        [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1
    ):
        stage: list[Conv | MaxPool] = []
        for _ in range(convolutions):
            stage.append(Conv(f"features.{index}", channels_in, channels))
            index, channels_in = index + 2, channels
        stages.append((*stage, MaxPool()))
        index, size = index + 1, size // 2
        layers.append(Layer(f"block{block}", channels, size))
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
    shapes = [(64, 55), (192, 27), (384, 13), (256, 13), (256, 13)]
    layers = tuple(Layer(f"conv{number}", *shape) for number, shape in enumerate(shapes, start=1))
    return EncoderSpec("AlexNet", layers, ConvStack(stages))


def _stages(prefix: str, shapes: Sequence[tuple[int, int]]) -> tuple[Layer, ...]:
    return tuple(Layer(f"{prefix}{number}", *shape) for number, shape in enumerate(shapes, start=1))


def _transformer(title: str, model_id: str, channels: int, patch: int = 16, **more: Any) -> EncoderSpec:
    """A vision transformer (Dosovitskiy et al. 2021): twelve blocks on a grid of patches, no class token."""
    layers = tuple(Layer(f"block{block}", channels, 224 // patch) for block in range(12))
    options = {"img_size": 224, "dynamic_img_size": True}
    return EncoderSpec(title, layers, TimmModel(model_id, tuple(range(12)), options), multiple=patch, **more)


ENCODERS: dict[str, EncoderSpec] = {
    "vgg16": _vgg16(),
    "alexnet": _alexnet(),
    "efficientnet_lite0": EncoderSpec(
        "EfficientNet-Lite0",
        _stages("stage", [(16, 112), (24, 56), (40, 28), (112, 14), (320, 7)]),
        TimmModel("tf_efficientnet_lite0", (0, 1, 2, 3, 4)),
        mean=HALF,
        std=HALF,
        multiple=32,
    ),
    "dinov2_small": _transformer(
        "DINOv2 ViT-S/14 (from a saliency model, possibly tuned)",
        "vit_small_patch14_dinov2",
        384,
        patch=14,
    ),
    "resnet34": EncoderSpec(
        "ResNet-34",
        _stages("layer", [(64, 56), (128, 28), (256, 14), (512, 7)]),
        TimmModel("resnet34", (1, 2, 3, 4)),
        multiple=32,
        bundled=False,
    ),
    "resnet50": EncoderSpec(
        "ResNet-50",
        _stages("layer", [(256, 56), (512, 28), (1024, 14), (2048, 7)]),
        TimmModel("resnet50", (1, 2, 3, 4)),
        multiple=32,
        bundled=False,
    ),
    "vit_small": _transformer("ViT-S/16", "vit_small_patch16_224", 384, mean=HALF, std=HALF, bundled=False),
    "vit_base": _transformer("ViT-B/16", "vit_base_patch16_224", 768, mean=HALF, std=HALF, bundled=False),
    "pvt_v2_b2": EncoderSpec(
        "PVT-v2-B2",
        _stages("stage", [(64, 56), (128, 28), (320, 14), (512, 7)]),
        TimmModel("pvt_v2_b2", (0, 1, 2, 3)),
        multiple=32,
        bundled=False,
    ),
}


def encoder_spec(architecture: str) -> EncoderSpec:
    """Return the table row of an architecture, or that of any timm model, "timm:ID".

    Raises UserError listing the allowed names, and as `explorer.zoo.timm_spec` does.
    """
    if architecture.startswith(TIMM_PREFIX):
        return timm_spec(architecture.removeprefix(TIMM_PREFIX))
    if architecture not in ENCODERS:
        raise unknown("architecture", architecture, [*ENCODERS, f"{TIMM_PREFIX}ID"])
    return ENCODERS[architecture]


class FrozenEncoder:
    """An architecture with fixed weights: photos in [0, 1] in, features of any of its layers out.

    Parameters are read from the weights when a layer first needs them, so that asking for a shallow layer
    neither loads nor runs what lies deeper. Safe to call from several threads.
    """

    def __init__(
        self,
        architecture: str,
        weights: str = "imagenet",
        device: str | torch.device = "cpu",
        folder: Path | None = None,
    ):
        self.architecture = architecture
        self.weights = weights
        self.spec = encoder_spec(architecture)
        self.device = torch.device(device)
        self._source = weight_source(architecture, weights, folder, self.spec.bundled)
        self._loading = Lock()
        self._backbone: Backbone | None = None
        self._fingerprints: dict[str, list[float]] = {}
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(self.spec.mean, device=self.device).reshape(shape)
        self._std = torch.tensor(self.spec.std, device=self.device).reshape(shape)

    @torch.no_grad()
    def __call__(self, photos01: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Return {layer: features (N, C, H, W)} for photos01 (N, 3, height, width) in [0, 1].

        One pass that stops at the deepest asked layer. Raises UserError for an unknown layer, a size this
        network cannot take or weights that cannot be had, and ValueError for values outside [0, 1], such as
        an already normalised photo.
        """
        check01(photos01)
        return self.differentiable(photos01, layers)

    def differentiable(self, photos: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Return what calling the encoder does, so that gradients flow back to the photos.

        Values may leave [0, 1], as those of a picture being optimised do. Raises UserError in the same cases.
        """
        names = self.spec.layer_names
        depths = {names.index(self.spec.layer(name).name) for name in layers}
        for side in photos.shape[-2:]:
            self.check_side(side)
        if not depths:
            return {}
        size = self.spec.input_size
        if size and photos.shape[-2:] != (size, size):
            photos = F.interpolate(photos, (size, size), mode="bicubic", antialias=True)
        return {
            names[depth]: found for depth, found in self.backbone(self._normalised(photos), depths).items()
        }

    def check_side(self, side: int) -> None:
        """Raise UserError for photos of a side, in pixels, that this network cannot take."""
        if side % self.spec.multiple:
            raise UserError(
                f"{self.spec.title} needs photos whose sides are multiples of {self.spec.multiple} pixels, "
                f"not {side}."
            )

    @torch.no_grad()
    def logits(self, photos01: Tensor) -> Tensor:
        """Return the classifier's outputs (N, classes) before the softmax, for photos01 as in a call.

        Only for a timm model whose head comes with its weights.
        """
        check01(photos01)
        return self.backbone.network(self._normalised(photos01))

    def _normalised(self, photos: Tensor) -> Tensor:
        x = (photos.to(self.device) - self._mean) / self._std
        return x.contiguous(memory_format=torch.channels_last)

    @property
    def backbone(self) -> Backbone:
        """The network itself, loaded when it is first needed."""
        with self._loading, torch.inference_mode(False):  # weights made in it could not give gradients
            if self._backbone is None:
                self._backbone = self.spec.network.load(self._source, self.device)
        return self._backbone

    def fingerprint(self, layer: str) -> list[float]:
        """Return 16 numbers that identify these weights up to `layer`: its mean response to a fixed probe.

        The probe is Philox noise; channel means are averaged in 16 groups, so that any weights that were
        changed, exchanged or trained further give other numbers.
        """
        if layer not in self._fingerprints:
            side = PROBE_SIZE // self.spec.multiple * self.spec.multiple
            probe = philox_uniform("probe", 3 * side**2).reshape(1, 3, side, side)
            response = self(torch.from_numpy(probe).float(), [layer])[layer].mean(dim=(2, 3))
            self._fingerprints[layer] = F.adaptive_avg_pool1d(response, FINGERPRINT_LENGTH)[0].tolist()
        return self._fingerprints[layer]


def same_fingerprint(a: Sequence[float], b: Sequence[float], tolerance: float = 0.01) -> bool:
    """Whether two fingerprints agree within a relative `tolerance`, which fp16 and GPUs stay below."""
    if len(a) != len(b):
        return False
    x, y = torch.tensor(a), torch.tensor(b)
    return bool(torch.linalg.norm(x - y) <= tolerance * torch.linalg.norm(y))


def check01(photos01: Tensor) -> None:
    """Raise ValueError unless every value is finite and in [0, 1] (a normalised photo is not)."""
    low, high = photos01.aminmax()
    if not (low >= 0 and high <= 1):  # also false for NaN
        raise ValueError(
            f"expected a photo with values in [0, 1], got [{float(low):.3g}, {float(high):.3g}]; "
            "normalised or unclamped tensors are refused, not clipped"
        )
