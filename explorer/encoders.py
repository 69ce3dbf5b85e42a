"""The table of architectures and their layers, and FrozenEncoder: one forward pass, all asked layers.

A new architecture is one row in ENCODERS.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.errors import unknown
from explorer.weights import WeightReader, philox_uniform, reader

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PROBE_SIZE = 64
FINGERPRINT_LENGTH = 16


@dataclass(frozen=True)
class Layer:
    """One place where features are read: `channels` maps of `size` x `size` values for a 224-pixel photo."""

    name: str
    channels: int
    size: int


@dataclass(frozen=True)
class Conv:
    """A convolution with bias, followed by a ReLU; `name` is the parameters' prefix in the weights."""

    name: str
    channels_in: int
    channels_out: int
    kernel: int = 3
    stride: int = 1
    padding: int = 1


@dataclass(frozen=True)
class MaxPool:
    kernel: int = 2
    stride: int = 2


@dataclass(frozen=True)
class EncoderSpec:
    """One architecture: `stages[i]` holds the operations between layer i-1 and layer i."""

    title: str
    layers: tuple[Layer, ...]
    stages: tuple[tuple[Conv | MaxPool, ...], ...]
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    @property
    def layer_names(self) -> list[str]:
        return [layer.name for layer in self.layers]

    def layer(self, name: str) -> Layer:
        """Return the layer called `name`. Raises UserError listing the allowed names."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise unknown("layer", name, self.layer_names)


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
    return EncoderSpec("VGG16", tuple(layers), tuple(stages))


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
    return EncoderSpec("AlexNet", layers, stages)


ENCODERS: dict[str, EncoderSpec] = {"vgg16": _vgg16(), "alexnet": _alexnet()}


def encoder_spec(architecture: str) -> EncoderSpec:
    """Return the table row of an architecture. Raises UserError listing the allowed names."""
    if architecture not in ENCODERS:
        raise unknown("architecture", architecture, list(ENCODERS))
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
        self._read: WeightReader = reader(architecture, weights, folder)
        self._stages: list[nn.Sequential] = []
        self._loading = Lock()
        self._fingerprints: dict[str, list[float]] = {}
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(self.spec.mean, device=self.device).reshape(shape)
        self._std = torch.tensor(self.spec.std, device=self.device).reshape(shape)

    @torch.no_grad()
    def __call__(self, photos01: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Return {layer: features (N, C, H, W)} for photos01 (N, 3, height, width) in [0, 1].

        One pass that stops at the deepest asked layer. Raises UserError for an unknown layer and ValueError
        for values outside [0, 1], such as an already normalised photo.
        """
        wanted = {self.spec.layer(name).name for name in layers}
        check01(photos01)
        x = (photos01.to(self.device) - self._mean) / self._std
        x = x.contiguous(memory_format=torch.channels_last)
        features: dict[str, Tensor] = {}
        for depth, layer in enumerate(self.spec.layers):
            if len(features) == len(wanted):
                break
            x = self._stage(depth)(x)
            if layer.name in wanted:
                features[layer.name] = x
        return features

    def fingerprint(self, layer: str) -> list[float]:
        """Return 16 numbers that identify these weights up to `layer`: its mean response to a fixed probe.

        The probe is Philox noise; channel means are averaged in 16 groups, so that any weights that were
        changed, exchanged or trained further give other numbers.
        """
        if layer not in self._fingerprints:
            probe = philox_uniform("probe", 3 * PROBE_SIZE**2).reshape(1, 3, PROBE_SIZE, PROBE_SIZE)
            response = self(torch.from_numpy(probe).float(), [layer])[layer].mean(dim=(2, 3))
            self._fingerprints[layer] = F.adaptive_avg_pool1d(response, FINGERPRINT_LENGTH)[0].tolist()
        return self._fingerprints[layer]

    @property
    def loaded_convolutions(self) -> int:
        """How many convolutions have been loaded so far."""
        return sum(isinstance(module, nn.Conv2d) for stage in self._stages for module in stage)

    def _stage(self, depth: int) -> nn.Sequential:
        with self._loading:
            while len(self._stages) <= depth:
                self._stages.append(self._build(self.spec.stages[len(self._stages)]))
        return self._stages[depth]

    def _build(self, operations: Sequence[Conv | MaxPool]) -> nn.Sequential:
        modules: list[nn.Module] = []
        for op in operations:
            if isinstance(op, MaxPool):
                modules.append(nn.MaxPool2d(op.kernel, op.stride))
                continue
            conv = nn.Conv2d(op.channels_in, op.channels_out, op.kernel, op.stride, op.padding, device="meta")
            conv.weight = nn.Parameter(self._read(f"{op.name}.weight", tuple(conv.weight.shape)))
            conv.bias = nn.Parameter(self._read(f"{op.name}.bias", tuple(conv.bias.shape)))
            modules += [conv, nn.ReLU(inplace=True)]
        stage = nn.Sequential(*modules).requires_grad_(False).eval()
        return stage.to(self.device, memory_format=torch.channels_last)


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
