"""What an encoder is made of: stacks of convolutions, loaded layer by layer, or timm models, and its layers.

A backbone takes normalised photos and returns features by depth (0 is the shallowest layer), running no
further than the deepest one asked for. It may go on from features of the same photos that are known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from explorer.encoders.libraries import load_timm
from explorer.encoders.weights import WeightSource, philox_uniform
from explorer.errors import unknown
from explorer.kept import nbytes
from explorer.wanted import holding

Features = dict[int, Tensor]
Backbone = Callable[[Tensor, set[int], Features], Features]
BATCH_NORM_PROBE_PHOTOS = 4
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


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
class ConvStack:
    """A plain convolutional network: `stages[i]` holds the operations between layer i-1 and layer i."""

    stages: tuple[tuple[Conv | MaxPool, ...], ...]

    def must_download(self, source: WeightSource) -> bool:
        return source.from_hub

    def load(self, source: WeightSource, device: torch.device) -> "LoadedConvStack":
        return LoadedConvStack(self, source, device)


class LoadedConvStack:
    """A ConvStack with weights; a stage is read when first needed. Safe to call from several threads."""

    def __init__(self, stack: ConvStack, source: WeightSource, device: torch.device):
        self._stack = stack
        self._read = source.read
        self._device = device
        self._loading = Lock()
        self._stages: list[nn.Sequential] = []

    def __call__(self, x: Tensor, depths: set[int], known: Features) -> Features:
        features: Features = {}
        begun = max((depth for depth in known if depth < min(depths)), default=-1)
        x = known.get(begun, x)
        for depth in range(begun + 1, max(depths) + 1):
            x = self._stage(depth)(x)
            if depth in depths:
                features[depth] = x
        return features

    @property
    def nbytes(self) -> int:
        """The bytes of what has been loaded so far."""
        return sum(map(nbytes, list(self._stages)))

    @property
    def loaded_convolutions(self) -> int:
        """How many convolutions have been loaded so far."""
        return sum(isinstance(module, nn.Conv2d) for stage in self._stages for module in stage)

    def _stage(self, depth: int) -> nn.Sequential:
        if depth < len(self._stages):
            return self._stages[depth]
        with holding(self._loading), torch.inference_mode(False):
            while len(self._stages) <= depth:
                self._stages.append(self._load(self._stack.stages[len(self._stages)]))
        return self._stages[depth]

    def _load(self, operations: Sequence[Conv | MaxPool]) -> nn.Sequential:
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
        return stage.to(self._device, memory_format=torch.channels_last)


@dataclass(frozen=True)
class TimmModel:
    """A network of the timm library (Wightman 2019): its id, its layers' indices and how it is built.

    `input_size` is the side of the photos that BatchNorm's statistics are taken from, for the control.
    """

    model_id: str
    indices: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    input_size: int = 224

    def load(self, source: WeightSource, device: torch.device) -> "LoadedTimmModel":
        """Return the network with its weights. Raises UserError when they cannot be had."""
        if source.from_hub:
            network = source.download(self.model_id, self.options)
        else:
            network = self.build()
            state = {name: source.read(name, tuple(t.shape)) for name, t in stored_tensors(network).items()}
            network.load_state_dict(state, strict=False)
            if source.random:
                set_batch_norm_statistics(network, self.input_size)
        network = network.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)
        return LoadedTimmModel(network, self.indices)

    def must_download(self, source: WeightSource) -> bool:
        return source.must_download(self.model_id)

    def build(self) -> nn.Module:
        """Return the network with meaningless weights."""
        return load_timm().create_model(self.model_id, pretrained=False, **self.options)


class LoadedTimmModel:
    """A timm model with weights; one pass that stops at the deepest asked layer, without class tokens."""

    def __init__(self, network: nn.Module, indices: tuple[int, ...]):
        self.network = network
        self._indices = indices

    @property
    def nbytes(self) -> int:
        return nbytes(self.network)

    def __call__(self, x: Tensor, depths: set[int], known: Features) -> Features:
        ordered = sorted(depths)
        features = self.network.forward_intermediates(
            x,
            indices=[self._indices[depth] for depth in ordered],
            norm=False,
            stop_early=True,
            output_fmt="NCHW",
            intermediates_only=True,
        )
        return dict(zip(ordered, features, strict=True))


def stored_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the parameters and statistics of a network that a weights file holds, by name."""
    return {name: t for name, t in network.state_dict().items() if t.is_floating_point()}


@torch.no_grad()
def set_batch_norm_statistics(network: nn.Module, size: int = 224) -> None:
    """Give every BatchNorm the mean and variance of its input in one pass over the fixed probe."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    shape = (BATCH_NORM_PROBE_PHOTOS, 3, size, size)
    noise = philox_uniform("batch norm probe", torch.Size(shape).numel())
    probe = torch.from_numpy(noise).float().reshape(shape)
    network.eval()
    for norm in norms:
        norm.momentum = None  # a plain average, here of one batch
        norm.reset_running_stats()
        norm.train()
    network(probe * 2 - 1)


@dataclass(frozen=True)
class Layer:
    """One place where features are read: `channels` maps of `size` x `size` values for a 224-pixel photo.

    `field` is its receptive field, the side in pixels of the square that the middle position can see (224:
    all of the photo; None: not known).
    """

    name: str
    channels: int
    size: int
    field: int | None = None


@dataclass(frozen=True)
class EncoderSpec:
    """One architecture: its layers, shallow to deep, the network they are read from and its normalisation.

    `caveat` is what has to be said of its trained weights wherever the network is named in full.
    `multiple` is what the side of a photo must be a multiple of; photos are resized to `input_size` pixels
    where the network takes no other. `bundled` says that trained weights ship. `parameters` is their number,
    0 where it is not known before they are loaded.
    """

    title: str
    layers: tuple[Layer, ...]
    network: ConvStack | TimmModel
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    multiple: int = 1
    input_size: int | None = None
    bundled: bool = True
    caveat: str = ""
    parameters: int = 0

    @property
    def full_title(self) -> str:
        """The title with the caveat in brackets."""
        return f"{self.title} ({self.caveat})" if self.caveat else self.title

    @property
    def layer_names(self) -> list[str]:
        return [layer.name for layer in self.layers]

    @property
    def isotropic(self) -> bool:
        """Whether all layers have the same grid and channels, as the blocks of a plain vision transformer."""
        return len({(layer.channels, layer.size) for layer in self.layers}) == 1

    def layer(self, name: str) -> Layer:
        """Return the layer called `name`. Raises UserError listing the allowed names."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise unknown("layer", name, self.layer_names)
