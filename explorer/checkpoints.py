"""Decoder checkpoints: safetensors files with a JSON header, and the catalogue of what can be shown."""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from explorer.decoders import DECODERS, Decoder, decoder_spec
from explorer.encoders import ENCODERS, FrozenEncoder, encoder_spec, same_fingerprint
from explorer.errors import UserError, unknown
from explorer.weights import SOURCES

FORMAT = 1
HEADER_KEY = "feature_inversion"
ON_THE_SPOT = "linear"  # the decoder that needs no checkpoint
log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Configuration:
    """What was decoded from where, and how the decoder was made."""

    architecture: str
    layer: str
    decoder: str
    loss: str
    weights: str = "imagenet"

    @property
    def name(self) -> str:
        """Also the checkpoint's file name without its ending."""
        architecture = self.architecture.replace(":", "_")  # no file system minds
        return f"{architecture}-{self.layer}-{self.decoder}-{self.loss}-{self.weights}"


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of itself; everything but the tensors."""

    configuration: Configuration
    fingerprint: list[float]
    recipe: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    parameters: int = 0
    format: int = FORMAT


class CheckpointError(UserError):
    """A checkpoint that cannot be used; the message names the file and the reason."""


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file that is either whole or not there: temporary name, flush, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, dict(metadata))
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
    """Return a checkpoint's header without reading its tensors. Raises CheckpointError naming the file."""
    try:
        with safe_open(path, framework="pt") as file:
            fields = json.loads((file.metadata() or {})[HEADER_KEY])
        header = Header(**(fields | {"configuration": Configuration(**fields["configuration"])}))
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path.name}: not a readable safetensors file ({error}).") from error
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path.name}: its header is not one of this program's ({error}).") from error
    if header.format != FORMAT:
        raise CheckpointError(f"{path.name}: has format {header.format}, this program reads {FORMAT}.")
    configuration = header.configuration
    try:
        encoder_spec(configuration.architecture).layer(configuration.layer)
        if configuration.loss not in decoder_spec(configuration.decoder).losses:
            raise unknown("loss", configuration.loss, decoder_spec(configuration.decoder).losses)
        if configuration.weights not in SOURCES:
            raise unknown("weights", configuration.weights, list(SOURCES))
    except UserError as error:
        raise CheckpointError(f"{path.name}: {error}") from error
    return header


def build_decoder(configuration: Configuration) -> Decoder:
    """Return an untrained decoder of the configured kind for its layer."""
    layer = encoder_spec(configuration.architecture).layer(configuration.layer)
    return decoder_spec(configuration.decoder).build(layer.channels, layer.size)


def check_fingerprint(path: Path, header: Header, encoder: FrozenEncoder) -> None:
    """Raise CheckpointError when the encoder's response to the probe is not the one trained on."""
    if not same_fingerprint(header.fingerprint, encoder.fingerprint(header.configuration.layer)):
        raise CheckpointError(
            f"{path.name}: was trained on other encoder weights than the {encoder.architecture} "
            f"({encoder.weights}) here, so its pictures would be wrong."
        )


def load_decoder(path: Path, device: str | torch.device = "cpu") -> Decoder:
    """Return the trained decoder of a checkpoint in float32, ready to use. Raises CheckpointError."""
    header = read_header(path)
    decoder = build_decoder(header.configuration)
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        decoder.load_state_dict(state)
    except (SafetensorError, OSError, RuntimeError) as error:
        first_line = str(error).splitlines()[0]
        raise CheckpointError(f"{path.name}: its tensors do not fit the decoder ({first_line}).") from error
    return decoder.requires_grad_(False).eval().to(device)


def skip(path: Path, error: UserError) -> tuple[str, str]:
    """Log that a checkpoint is left out; return its file name and the reason."""
    reason = str(error).removeprefix(f"{path.name}: ")
    log.warning("checkpoint skipped: %s: %s", path.name, reason)
    return path.name, reason


class Catalogue:
    """What can be shown: the checkpoints of a folder that fit, and why the others do not.

    With `on_the_spot` the linear decoder of every layer can be shown, too: `explorer.fitting` makes what is
    not there when it is first asked for.
    """

    def __init__(
        self,
        entries: Mapping[Configuration, Path],
        skipped: list[tuple[str, str]],
        on_the_spot: bool = False,
    ):
        self.entries = dict(entries)
        self.skipped = skipped
        self.on_the_spot = on_the_spot

    @classmethod
    def scan(
        cls,
        folder: Path,
        encoder_for: Callable[[str, str], FrozenEncoder] | None = None,
        only: str = "*",
        any_target: bool = False,
        on_the_spot: bool = False,
    ) -> "Catalogue":
        """Read the headers of `folder`/decoders/`only`.safetensors.

        With `encoder_for(architecture, weights)`, which returns the FrozenEncoder that will feed a decoder,
        each is also checked against its encoder, which loads all of them; without, that is left to
        `check_fingerprint` when a decoder is loaded. Decoders that were trained to draw something else than
        the photo are left out, unless `any_target`. A file that does not fit is logged and listed in
        `skipped`, and the others stay usable.
        """
        entries: dict[Configuration, Path] = {}
        skipped: list[tuple[str, str]] = []
        for path in sorted((folder / "decoders").glob(f"{only}.safetensors")):
            try:
                header = read_header(path)
                configuration = header.configuration
                if not any_target and header.recipe.get("target", "photo") != "photo":
                    raise CheckpointError(
                        f"{path.name}: draws the normalised photo, as the published studies did, and is only "
                        "for 'python -m trainer evaluate --protocol published'."
                    )
                if encoder_for:
                    encoder = encoder_for(configuration.architecture, configuration.weights)
                    check_fingerprint(path, header, encoder)
                entries[configuration] = path
            except UserError as error:
                skipped.append(skip(path, error))
        return cls(entries, skipped, on_the_spot)

    def drop(self, configuration: Configuration, error: UserError) -> None:
        """Move a configuration whose checkpoint turned out unusable to the skipped ones."""
        self.skipped.append(skip(self.entries.pop(configuration), error))

    @property
    def architectures(self) -> list[str]:
        """Architectures with at least one decoder on offer, in the table's order."""
        ready = {configuration.architecture for configuration in self.entries}
        return [name for name in ENCODERS if name in ready or self.on_the_spot]

    def layers(self, architecture: str, weights: str = "imagenet") -> list[str]:
        """Layers with at least one decoder on offer, shallow to deep."""
        ready = {c.layer for c in self._matching(architecture=architecture, weights=weights)}
        names = encoder_spec(architecture).layer_names
        return [name for name in names if name in ready or self.on_the_spot]

    def decoders(self, architecture: str, layer: str, weights: str = "imagenet") -> list[str]:
        """Decoders on offer for a layer, in the registry's order."""
        ready = {c.decoder for c in self._matching(architecture=architecture, layer=layer, weights=weights)}
        if self.offers(Configuration(architecture, layer, ON_THE_SPOT, "mse", weights)):
            ready.add(ON_THE_SPOT)
        order = list(DECODERS)
        return sorted(ready, key=lambda name: (order.index(name.partition("@")[0]), name))

    def losses(self, architecture: str, layer: str, decoder: str, weights: str = "imagenet") -> list[str]:
        """Losses with which a layer's decoder is on offer."""
        wanted = {"architecture": architecture, "layer": layer, "decoder": decoder, "weights": weights}
        ready = {c.loss for c in self._matching(**wanted)}
        if decoder == ON_THE_SPOT and self.offers(
            Configuration(architecture, layer, decoder, "mse", weights)
        ):
            ready.add("mse")
        return [name for name in decoder_spec(decoder).losses if name in ready]

    def offers(self, configuration: Configuration) -> bool:
        """Whether a configuration is ready, or will be fitted when it is asked for."""
        if configuration in self.entries:
            return True
        spoilt = any(name == f"{configuration.name}.safetensors" for name, _ in self.skipped)
        return self.on_the_spot and configuration.decoder == ON_THE_SPOT and not spoilt

    def find(self, architecture: str, layer: str, decoder: str, loss: str, weights: str) -> Configuration:
        """Return the configuration that was asked for, which is on offer.

        A closed-form decoder has one loss, so `loss` is ignored for it. Raises UserError for an unknown name
        (listing the allowed ones) and for a known one that is not ready (saying how to make it).
        """
        encoder_spec(architecture).layer(layer)
        spec = decoder_spec(decoder)
        if weights not in SOURCES:
            raise unknown("weights", weights, list(SOURCES))
        if spec.closed_form:
            loss = spec.losses[0]
        elif loss not in spec.losses:
            raise unknown("loss", loss, spec.losses)
        configuration = Configuration(architecture, layer, decoder, loss, weights)
        if not self.offers(configuration):
            raise UserError(self._why_not(configuration))
        return configuration

    @property
    def missing(self) -> list[tuple[Configuration, str]]:
        """Configurations with trained encoder weights that are not on offer, each with the reason."""
        possible = [
            Configuration(architecture, layer, decoder, loss)
            for architecture, spec in ENCODERS.items()
            for layer in spec.layer_names
            for decoder, decoder_row in DECODERS.items()
            for loss in decoder_row.losses
        ]
        return [(c, self._why_not(c)) for c in possible if not self.offers(c)]

    def to_dict(self) -> dict[str, Any]:
        """Return the catalogue as JSON-ready data: architectures and layers, ready, missing, skipped."""
        return {
            "architectures": {
                name: [asdict(layer) for layer in spec.layers] for name, spec in ENCODERS.items()
            },
            "decoders": {name: spec.summary for name, spec in DECODERS.items()},
            "on_the_spot": [ON_THE_SPOT] if self.on_the_spot else [],
            "ready": [asdict(configuration) for configuration in sorted(self.entries)],
            "missing": [asdict(configuration) | {"reason": reason} for configuration, reason in self.missing],
            "skipped": [{"file": name, "reason": reason} for name, reason in self.skipped],
        }

    def _matching(self, **wanted: str) -> list[Configuration]:
        return [c for c in self.entries if all(getattr(c, key) == value for key, value in wanted.items())]

    def _why_not(self, c: Configuration) -> str:
        skipped = [reason for name, reason in self.skipped if name == f"{c.name}.safetensors"]
        if skipped:
            return f"The checkpoint {c.name}.safetensors was skipped: {skipped[0]}"
        others = self.losses(c.architecture, c.layer, c.decoder, c.weights)
        if others:
            ready = f" Ready with the loss {', '.join(others)}."
        else:
            decoders = self.decoders(c.architecture, c.layer, c.weights)
            ready = f" Ready at this layer: {', '.join(decoders)}." if decoders else ""
        command = (
            f"fit-linear --decoder {c.decoder}"
            if decoder_spec(c.decoder).closed_form
            else f"train --decoder {c.decoder} --loss {c.loss}"
        )
        return (
            f"{c.decoder} ({c.loss}) for {c.architecture} {c.layer} ({c.weights}) is not trained yet.{ready} "
            f"To make it: python -m trainer {command} --architecture {c.architecture} --layer {c.layer} "
            f"--weights {c.weights} --photos DIR --out checkpoints"
        )
