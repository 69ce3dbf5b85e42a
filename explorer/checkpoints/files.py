"""Decoder checkpoints: safetensors files with a JSON header."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from explorer.atomic_write import whole_file
from explorer.configurations import (
    AnyConfiguration,
    EncoderFor,
    FusedConfiguration,
    before_it,
    check_names,
    configuration_of,
    layers_of,
)
from explorer.decoders import Decoder, decoder_spec
from explorer.decoders.cascade import Cascade
from explorer.decoders.fusion import Fused
from explorer.encoders.frozen import FINGERPRINT_LENGTH, same_fingerprint
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError, expect

FORMAT = 1
HEADER_KEY = "feature_inversion"
MAX_HEADER = 65_536  # characters; this program's own have one or two thousand
MAX_NAME = 100  # characters of one name in it
PAINTER = "upsample_conv"  # the decoder that draws without patches, in which a cascade ends, too
MAX_REASON = 200  # characters of what a message repeats of an error


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of itself; everything but the tensors.

    `fingerprint` is that of its encoder at its layer; those of a fused one's sources follow each other.
    """

    configuration: AnyConfiguration
    fingerprint: list[float]
    recipe: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    parameters: int = 0
    format: int = FORMAT


class CheckpointError(UserError):
    """A checkpoint that cannot be used; the message names the file and the reason."""


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file that is whole on the disk before it takes its name."""
    with whole_file(path) as part:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part, dict(metadata))
        with part.open("rb") as file:
            os.fsync(file.fileno())


def save_checkpoint(folder: Path, decoder: Decoder, header: Header) -> Path:
    """Write a decoder (parameters in fp16, statistics in fp32) and its header; return the file's path."""
    parameters = {name for name, _ in decoder.named_parameters()}
    tensors = {
        name: (tensor.half() if name in parameters else tensor).cpu()
        for name, tensor in decoder.state_dict().items()
    }
    path = folder / f"{header.configuration.name}.safetensors"
    write_safetensors(path, tensors, {HEADER_KEY: json.dumps(asdict(header))})
    return path


def read_header(path: Path) -> Header:
    """Return a checkpoint's header without reading its tensors. Raises CheckpointError naming the file.

    The file may be a stranger's: every field's type and range is checked, and its name is the header's own.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {})[HEADER_KEY]
        if len(text) > MAX_HEADER:
            raise ValueError(f"it has {len(text)} characters, and at most {MAX_HEADER} may be")
        fields = json.loads(text)
        header = Header(**(fields | {"configuration": configuration_of(fields["configuration"])}))
        _check_fields(header)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path.name}: not a readable safetensors file ({_shown(error)}).") from error
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"{path.name}: its header is not one of this program's ({_shown(error)})."
        ) from error
    if header.format != FORMAT:
        raise CheckpointError(f"{path.name}: has format {header.format}, this program reads {FORMAT}.")
    try:
        check_names(header.configuration)
        check_start(header.configuration, header.recipe.get("start"))
    except UserError as error:
        raise CheckpointError(f"{path.name}: {error}") from error
    if path.stem != header.configuration.name:
        raise CheckpointError(
            f"{path.name}: holds {header.configuration.name}, so that is what the file must be called."
        )
    return header


def _check_fields(header: Header) -> None:
    """Raise TypeError or ValueError for a value that this program would not have written."""
    c = header.configuration
    names = [c.decoder, c.loss, c.weights, *(name for place in c.sources for name in place)]
    if longest := max((name for name in names if len(name) > MAX_NAME), key=len, default=""):
        raise ValueError(f"a name of {len(longest)} characters")
    expect(list, header.fingerprint)
    expect(float, *header.fingerprint)
    expect(dict, header.recipe, header.data, header.metrics)
    expect(int | float, *header.metrics.values())
    expect(int, header.parameters, header.format)
    told = [*header.recipe.values(), *header.data.values()]
    terms = [number for x in told if isinstance(x, dict) for number in x.values()]  # the weights of a loss
    expect(int | float, *terms)
    told = [x for x in told if not isinstance(x, dict)] + terms
    sources = [list(place) for place in c.sources]
    expect(str | int | float | None, *(x for x in told if not isinstance(x, bool) and x != sources))
    numbers = [x for x in told if isinstance(x, int | float)]
    if not all(map(math.isfinite, (*header.fingerprint, *header.metrics.values(), *numbers))):
        raise ValueError("a number that is not finite")
    if header.parameters < 0:
        raise ValueError("fewer than no parameters")
    if len(header.fingerprint) != FINGERPRINT_LENGTH * len(c.sources):
        raise ValueError(f"a fingerprint of {len(header.fingerprint)} numbers")


def _shown(error: Exception) -> str:
    """Return an error in one short line that any terminal can print."""
    line = " ".join(str(error).split())
    return line[:MAX_REASON].encode("ascii", "backslashreplace").decode()


def build_decoder(configuration: AnyConfiguration, start: str = "linear") -> Decoder:
    """Return an untrained decoder of the configured kind for its layer, or for several that are fused.

    `start` is the recipe's: "scratch" leaves the linear map out of a decoder that has one, "colours" its
    patches, "before" is the cascade through the layer before. Raises UserError for a layer or decoder that it
    does not serve.
    """
    check_start(configuration, start)
    if start == "before":
        linear = not encoder_spec(configuration.architecture).isotropic
        return Cascade(*layers_of(configuration), *layers_of(before_it(configuration)), linear=linear)
    spec = decoder_spec(configuration.decoder)
    build = spec.build
    if start == "scratch" and spec.starts_from_linear:
        build = partial(build, linear=False)
    if start == "colours":
        build = partial(build, patches=False)
    if isinstance(configuration, FusedConfiguration):
        return Fused(layers_of(configuration), configuration.fusion, build)
    [layer] = layers_of(configuration)
    return build(layer.channels, layer.size)


def check_start(configuration: AnyConfiguration, start: str | None) -> None:
    """Raise UserError for a start that does not serve a configuration's layer or decoder."""
    if start in ("before", "colours") and configuration.decoder != PAINTER:
        raise UserError(f"The start {start!r} is for {PAINTER}, not for {configuration.decoder}.")
    if start == "before":
        before_it(configuration)


def fingerprint_of(configuration: AnyConfiguration, encoder_for: EncoderFor) -> list[float]:
    """Return the fingerprints of all sources, one after the other."""
    weights = configuration.weights
    prints = [encoder_for(name, weights).fingerprint(layer) for name, layer in configuration.sources]
    return [value for found in prints for value in found]


def check_fingerprint(path: Path, header: Header, encoder_for: EncoderFor) -> None:
    """Raise CheckpointError when an encoder's response to the probe is not the one trained on.

    `encoder_for(architecture, weights)` returns the FrozenEncoder that will feed the decoder; what it raises
    for an encoder that cannot be had is passed on.
    """
    configuration = header.configuration
    for number, (architecture, layer) in enumerate(configuration.sources):
        encoder = encoder_for(architecture, configuration.weights)
        mine = slice(number * FINGERPRINT_LENGTH, (number + 1) * FINGERPRINT_LENGTH)
        if not same_fingerprint(header.fingerprint[mine], encoder.fingerprint(layer)):
            raise CheckpointError(
                f"{path.name}: was trained on other encoder weights than the {encoder.architecture} "
                f"({encoder.weights}) here, so its pictures would be wrong."
            )


def check_finite(path: Path) -> None:
    """Raise CheckpointError for a checkpoint that holds NaN or infinity, with which nothing can be drawn."""
    try:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 (not a dict)
                if not file.get_tensor(name).isfinite().all():
                    raise CheckpointError(f"{path.name}: its tensor {name[:MAX_NAME]} is not finite.")
    except (SafetensorError, OSError, RuntimeError) as error:  # the last for types that torch does not test
        raise CheckpointError(f"{path.name}: its tensors cannot be read ({_shown(error)}).") from error


def load_decoder(path: Path, device: str | torch.device = "cpu") -> Decoder:
    """Return the trained decoder of a checkpoint in float32, ready to use. Raises CheckpointError."""
    header = read_header(path)
    decoder = build_decoder(header.configuration, header.recipe.get("start", "linear"))
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        decoder.load_state_dict(state)
    except (SafetensorError, OSError, RuntimeError) as error:
        first_line = str(error).splitlines()[0]
        raise CheckpointError(f"{path.name}: its tensors do not fit the decoder ({first_line}).") from error
    check_finite(path)
    return decoder.requires_grad_(False).eval().to(device)
