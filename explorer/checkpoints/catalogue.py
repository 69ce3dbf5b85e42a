"""The catalogue: what can be shown, as found in a folder of checkpoints, and why the rest cannot."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from typing import Any

from explorer.checkpoints.files import CheckpointError, check_fingerprint, check_finite, read_header
from explorer.configurations import (
    AnyConfiguration,
    Configuration,
    EncoderFor,
    FusedConfiguration,
    check_names,
    decoder_order,
    in_order,
    layers_of,
)
from explorer.decoders import DECODERS, decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.encoders.weights import weight_source
from explorer.errors import UserError
from explorer.folders import BUNDLED

ON_THE_SPOT = "linear"  # the decoder that needs no checkpoint
log = logging.getLogger(__name__)


def skip(path: Path, error: UserError) -> tuple[str, str]:
    """Log that a checkpoint is left out; return its file name and the reason."""
    reason = str(error).removeprefix(f"{path.name}: ")
    name = path.name.encode("utf-8", "backslashreplace").decode()  # a stranger's may be no text
    log.warning("checkpoint skipped: %s: %s", name, reason)
    return name, reason


class Catalogue:
    """What can be shown: the checkpoints of a folder that fit, and why the others do not.

    With `on_the_spot` the linear decoder of every layer can be shown, too: the fits make what is
    not there when it is first asked for.
    """

    def __init__(
        self,
        entries: Mapping[AnyConfiguration, Path],
        skipped: list[tuple[str, str]],
        on_the_spot: bool = False,
        folder: Path | None = None,
    ):
        self.entries = dict(entries)  # replaced, never changed: others may be walking over it
        self.skipped = skipped
        self.on_the_spot = on_the_spot
        self.folder = folder
        self._dropped: dict[AnyConfiguration, str] = {}
        self._dropping = Lock()

    @classmethod
    def scan(
        cls,
        folder: Path,
        encoder_for: EncoderFor | None = None,
        only: str = "*",
        any_target: bool = False,
        on_the_spot: bool = False,
    ) -> "Catalogue":
        """Read the headers of `folder`/decoders/`only`.safetensors.

        With `encoder_for(architecture, weights)`, which returns the FrozenEncoder that will feed a decoder,
        each is also checked against its encoder, which loads all of them; without, that is left to
        `check_fingerprint` when a decoder is loaded. The tensors of files that do not ship with this program
        are looked through for NaN. Decoders that were trained to draw something else than
        the photo are left out, unless `any_target`. A file that does not fit is logged and listed in
        `skipped`, and the others stay usable.
        """
        entries: dict[AnyConfiguration, Path] = {}
        skipped: list[tuple[str, str]] = []
        foreign = folder.resolve() != BUNDLED
        for path in sorted((folder / "decoders").glob(f"{only}.safetensors")):
            try:
                header = read_header(path)
                if not any_target and header.recipe.get("target", "photo") != "photo":
                    raise CheckpointError(
                        f"{path.name}: draws the normalised photo, as the published studies did, and is only "
                        "for 'python -m trainer evaluate --protocol published'."
                    )
                if foreign:
                    check_finite(path)
                if encoder_for:
                    check_fingerprint(path, header, encoder_for)
                entries[header.configuration] = path
            except UserError as error:
                skipped.append(skip(path, error))
        return cls(entries, skipped, on_the_spot, folder)

    def drop(self, configuration: AnyConfiguration, error: UserError) -> None:
        """Move a configuration whose checkpoint turned out unusable to the skipped ones."""
        with self._dropping:
            if configuration not in self.entries:
                return
            name, reason = skip(self.entries[configuration], error)
            self._dropped[configuration] = reason
            self.skipped = [*self.skipped, (name, reason)]
            self.entries = {c: path for c, path in self.entries.items() if c != configuration}

    def check(self, configuration: AnyConfiguration) -> None:
        """Raise the CheckpointError again for which a configuration's checkpoint was skipped, if it was."""
        if reason := self._reason_skipped(configuration):
            raise CheckpointError(f"{configuration.name}.safetensors: {reason}")

    @property
    def architectures(self) -> list[str]:
        """Architectures with at least one decoder on offer, in the table's order."""
        ready = {c.architecture for c in self._matching()}
        return [name for name in ENCODERS if name in ready or self.on_the_spot]

    def must_download(self, architecture: str, weights: str = "imagenet") -> bool:
        """Whether an architecture's weights would have to come from the Hub now."""
        spec = encoder_spec(architecture)
        source = weight_source(architecture, weights, self.folder, bundled=False)
        return not spec.bundled and spec.network.must_download(source)

    def layers(self, architecture: str, weights: str = "imagenet") -> list[str]:
        """Layers with at least one decoder on offer, shallow to deep."""
        ready = {c.layer for c in self._matching(architecture=architecture, weights=weights)}
        names = encoder_spec(architecture).layer_names
        return [name for name in names if name in ready or self.on_the_spot]

    def decoders(self, architecture: str, layer: str, weights: str = "imagenet") -> list[str]:
        """Decoders on offer for a layer, in the registry's order."""
        ready = {c.decoder for c in self._matching(architecture=architecture, layer=layer, weights=weights)}
        if self.on_offer(Configuration(architecture, layer, ON_THE_SPOT, "mse", weights)):
            ready.add(ON_THE_SPOT)
        return sorted(ready, key=decoder_order)

    def losses(self, architecture: str, layer: str, decoder: str, weights: str = "imagenet") -> list[str]:
        """Losses with which a layer's decoder is on offer."""
        wanted = {"architecture": architecture, "layer": layer, "decoder": decoder, "weights": weights}
        ready = {c.loss for c in self._matching(**wanted)}
        if decoder == ON_THE_SPOT and self.on_offer(
            Configuration(architecture, layer, decoder, "mse", weights)
        ):
            ready.add("mse")
        return [name for name in decoder_spec(decoder).losses if name in ready]

    def on_offer(self, configuration: Configuration) -> bool:
        """Whether a configuration is ready, or will be fitted when it is asked for."""
        if configuration in self.entries:
            return True
        spoilt = self._reason_skipped(configuration)
        return self.on_the_spot and configuration.decoder == ON_THE_SPOT and not spoilt

    @property
    def single(self) -> list[Configuration]:
        """The ready configurations of one layer."""
        return [c for c in in_order(self.entries) if isinstance(c, Configuration)]

    @property
    def fused(self) -> list[FusedConfiguration]:
        """The ready configurations of several layers."""
        return [c for c in in_order(self.entries) if isinstance(c, FusedConfiguration)]

    def find(self, asked: AnyConfiguration) -> AnyConfiguration:
        """Return the configuration that was asked for, which is on offer.

        A closed-form decoder has one loss, so another is ignored for it; the sources of a fused configuration
        may be in any order. Raises UserError for an unknown name (listing the allowed ones) and for a known
        one that is not ready (saying how to make it).
        """
        layers_of(asked)
        if decoder_spec(asked.decoder).closed_form:
            asked = replace(asked, loss="mse")
        check_names(asked)
        if isinstance(asked, Configuration):
            if not self.on_offer(asked):
                raise UserError(self._why_not(asked))
            return asked
        for c in self.fused:
            if set(c.sources) == set(asked.sources) and replace(asked, sources=c.sources) == c:
                return c
        raise UserError(self._why_not_fused(asked))

    @property
    def missing(self) -> list[tuple[Configuration, str]]:
        """Configurations with trained encoder weights that are not on offer, each with the reason."""
        places = [(name, layer) for name, spec in ENCODERS.items() for layer in spec.layer_names]
        return [found for place in places for found in self.missing_at(*place)]

    def missing_at(self, architecture: str, layer: str) -> list[tuple[Configuration, str]]:
        """Return what is `missing` at one layer."""
        possible = [
            Configuration(architecture, layer, decoder, loss)
            for decoder, spec in DECODERS.items()
            for loss in spec.losses
        ]
        return [(c, self._why_not(c)) for c in possible if not self.on_offer(c)]

    def to_dict(self) -> dict[str, Any]:
        """Return the catalogue as JSON-ready data: architectures and layers, ready, missing, skipped."""
        return {
            "architectures": {
                name: [asdict(layer) for layer in spec.layers] for name, spec in ENCODERS.items()
            },
            "decoders": {name: spec.summary for name, spec in DECODERS.items()},
            "on_the_spot": [ON_THE_SPOT] if self.on_the_spot else [],
            "fusions": {name: spec.summary for name, spec in FUSIONS.items()},
            "ready": [configuration.to_dict() for configuration in in_order(self.entries)],
            "missing": [asdict(configuration) | {"reason": reason} for configuration, reason in self.missing],
            "skipped": [{"file": name, "reason": reason} for name, reason in self.skipped],
        }

    def _matching(self, **wanted: str) -> list[Configuration]:
        single = (c for c in self.entries if isinstance(c, Configuration))
        return [c for c in single if all(getattr(c, key) == value for key, value in wanted.items())]

    def _reason_skipped(self, c: AnyConfiguration) -> str:
        by_name = (reason for name, reason in self.skipped if name == f"{c.name}.safetensors")
        return self._dropped.get(c) or next(by_name, "")

    def _why_skipped(self, c: AnyConfiguration) -> str:
        reason = self._reason_skipped(c)
        return f"The checkpoint {c.name}.safetensors was skipped: {reason}" if reason else ""

    def _why_not_fused(self, c: FusedConfiguration) -> str:
        if skipped := self._why_skipped(c):
            return skipped
        same = [x for x in self.fused if set(x.sources) == set(c.sources)]
        ready = ", ".join(f"{x.fusion} with {x.decoder} ({x.loss}, {x.weights})" for x in same)
        sources = " ".join(f"--source {'/'.join(place)}" for place in c.sources)
        return (
            f"{c.fusion} of {' + '.join('/'.join(place) for place in c.sources)} with {c.decoder} ({c.loss}, "
            f"{c.weights}) is not trained yet.{f' Ready with these sources: {ready}.' if ready else ''} "
            f"To make it: python -m trainer train {sources} --fusion {c.fusion} --decoder {c.decoder} "
            f"--loss {c.loss} --weights {c.weights} --crop 224 --photos DIR --out checkpoints"
        )

    def _why_not(self, c: Configuration) -> str:
        if skipped := self._why_skipped(c):
            return skipped
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
