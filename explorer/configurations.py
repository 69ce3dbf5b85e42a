"""Configurations: what was decoded from where, and how the decoder was made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from torch import Tensor

from explorer.decoders import DECODERS, decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.frozen import FrozenEncoder
from explorer.encoders.networks import Layer
from explorer.encoders.table import encoder_spec, normal_name
from explorer.encoders.weights import WEIGHTS
from explorer.errors import UserError, expect, shortened, unknown

OPTIMISATION = "optimisation"  # in place of a decoder: descent until the features match
Place = tuple[str, str]  # an architecture and one of its layers
EncoderFor = Callable[[str, str], FrozenEncoder]  # by architecture and weights
BLOCKS_BACK = 3  # in a vision transformer, whose neighbouring blocks hold nearly the same
T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Configuration:
    """One layer, and the decoder of its features. Where only some are named, the others are these.

    Raises UserError for a timm network whose name is none, or that is not allowed here.
    """

    architecture: str = "vgg16"
    layer: str = "block1"
    decoder: str = "transposed_conv"
    loss: str = "hybrid"
    weights: str = "imagenet"

    def __post_init__(self):
        object.__setattr__(self, "architecture", normal_name(self.architecture))

    @property
    def sources(self) -> tuple[Place, ...]:
        """The layers that are decoded from: this one."""
        return ((self.architecture, self.layer),)

    @property
    def name(self) -> str:
        """Also the checkpoint's file name without its ending."""
        return f"{_place_name(*self.sources[0])}-{self.decoder}-{self.loss}-{self.weights}"

    def inputs(self, features: Mapping[Place, T]) -> T:
        """Return what its decoder takes of the features of several layers."""
        return features[self.sources[0]]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True, order=True)
class FusedConfiguration:
    """Several layers of one architecture or more, how they are fused, and the decoder of what comes out.

    Raises UserError for fewer than two sources and for one that is there twice.
    """

    sources: tuple[Place, ...]
    fusion: str
    decoder: str
    loss: str
    weights: str = "imagenet"

    def __post_init__(self):
        places = tuple((normal_name(architecture), layer) for architecture, layer in self.sources)
        object.__setattr__(self, "sources", places)
        twice = next((place for place in self.sources if self.sources.count(place) > 1), None)
        if twice:
            raise UserError(f"The source {'/'.join(twice)} is there twice: give every source once.")
        if len(self.sources) < 2:
            raise UserError("Fusion needs two sources or more, such as vgg16/block1 and alexnet/conv1.")

    @property
    def name(self) -> str:
        """Also the checkpoint's file name without its ending."""
        places = "+".join(_place_name(*place) for place in self.sources)
        return f"{places}-{self.fusion}-{self.decoder}-{self.loss}-{self.weights}"

    @property
    def largest(self) -> Place:
        """The source with the finest grid, the first of several: the others are brought to it."""
        sizes = [layer.size for layer in layers_of(self)]
        return self.sources[sizes.index(max(sizes))]

    def single(self, place: Place) -> Configuration:
        """Return the configuration with the same decoder and loss that sees one of the sources alone."""
        return Configuration(*place, self.decoder, self.loss, self.weights)

    def inputs(self, features: Mapping[Place, T]) -> list[T]:
        """Return what its decoder takes of the features of several layers."""
        return [features[place] for place in self.sources]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready data."""
        return asdict(self) | {"sources": [list(place) for place in self.sources]}


AnyConfiguration = Configuration | FusedConfiguration


def configuration_of(row: Mapping[str, Any]) -> AnyConfiguration:
    """Return the configuration that a row of data names. Raises KeyError, TypeError, ValueError or UserError.

    The names are not looked up.
    """
    if "sources" in row:
        places = tuple((architecture, layer) for architecture, layer in row["sources"])
        names = [row[key] for key in ("fusion", "decoder", "loss", "weights")]
        expect(str, *names, *(name for place in places for name in place))
        return FusedConfiguration(places, *names)
    names = [row[key] for key in ("architecture", "layer", "decoder", "loss", "weights")]
    expect(str, *names)
    return Configuration(*names)


def layers_of(configuration: AnyConfiguration) -> list[Layer]:
    """Return the table rows of the sources. Raises UserError for an unknown name."""
    return [encoder_spec(architecture).layer(layer) for architecture, layer in configuration.sources]


def before_it(configuration: AnyConfiguration) -> Configuration:
    """Return the configuration of the layer before in its network; of a vision transformer's, three before.

    Raises UserError where there is none.
    """
    if isinstance(configuration, FusedConfiguration):
        raise UserError("There is no layer before several that are fused.")
    spec = encoder_spec(configuration.architecture)
    number = spec.layer_names.index(configuration.layer)
    if number == 0:
        raise UserError(f"There is no layer before {configuration.layer}: it is the first.")
    back = BLOCKS_BACK if spec.isotropic else 1
    return replace(configuration, layer=spec.layer_names[max(0, number - back)])


def check_names(configuration: AnyConfiguration) -> None:
    """Raise UserError for a name that is in no table, listing the allowed ones."""
    layers_of(configuration)
    if isinstance(configuration, FusedConfiguration) and configuration.fusion not in FUSIONS:
        raise unknown("fusion", configuration.fusion, list(FUSIONS))
    losses = decoder_spec(configuration.decoder).losses
    if configuration.loss not in losses:
        raise unknown("loss", configuration.loss, losses)
    if configuration.weights not in WEIGHTS:
        raise unknown("weights", configuration.weights, list(WEIGHTS))


def in_order(configurations: Iterable[AnyConfiguration]) -> list[AnyConfiguration]:
    """Return configurations sorted by their fields, the fused ones last."""
    every = list(configurations)
    fused = [c for c in every if isinstance(c, FusedConfiguration)]
    return sorted(c for c in every if isinstance(c, Configuration)) + sorted(fused)


def layers_by_architecture(places: Iterable[Place]) -> dict[str, list[str]]:
    """Return {architecture: layers}, each layer once: what one pass of each encoder is asked for."""
    found: dict[str, list[str]] = {}
    for architecture, layer in dict.fromkeys(places):
        found.setdefault(architecture, []).append(layer)
    return found


def encode(
    encoder_for: EncoderFor, weights: str, photos01: Tensor, places: Iterable[Place]
) -> dict[Place, Tensor]:
    """Return the features (N, C, H, W) of several layers, from one pass of each encoder.

    `encoder_for(architecture, weights)` returns the FrozenEncoder. Raises what calling it raises.
    """
    return {
        (name, layer): features
        for name, layers in layers_by_architecture(places).items()
        for layer, features in encoder_for(name, weights)(photos01, layers).items()
    }


def parse_place(text: str) -> Place:
    """Return the source written as architecture/layer. The names are not looked up. Raises UserError."""
    parts = text.split("/")
    if len(parts) != 2 or not all(parts):
        raise UserError(f"{shortened(text)!r} is no source: write architecture/layer, such as vgg16/block1.")
    return parts[0], parts[1]


def place_title(places: Sequence[Place]) -> str:
    """Return how sources are named to a reader, such as "VGG16 block1 + AlexNet conv1"."""
    parts: list[str] = []
    for architecture, layers in layers_by_architecture(places).items():
        parts += [f"{encoder_spec(architecture).title} {layers[0]}", *layers[1:]]
    return " + ".join(parts)


def decoder_order(decoder: str) -> tuple[int, str]:
    """Return what decoders are sorted by: the registry's order, variants after their base."""
    return list(DECODERS).index(decoder.partition("@")[0]), decoder


def _place_name(architecture: str, layer: str) -> str:
    return f"{architecture.replace(':', '_')}-{layer}"  # no file system minds


def with_names(configuration: Configuration | None, names: dict[str, str]) -> Configuration:
    """Return a configuration with the names given as keywords in place of its own. Raises UserError."""
    asked = configuration or Configuration()
    wrong = next((name for name in names if name not in vars(asked)), None)
    if wrong:
        raise unknown("name", wrong, list(vars(asked)))
    return replace(asked, **names)
