"""What a decoder starts from: the best of the decoders that were trained or fitted before."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import load_decoder, read_header
from explorer.configurations import AnyConfiguration, EncoderFor, FusedConfiguration, before_it
from explorer.decoders import decoder_spec
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError
from trainer.training.head import Head

WITH_MAP = ("linear", "colours")  # the starts that leave a decoder its linear map, or what it needs of it
log = logging.getLogger(__name__)


def start_head(head: Head, folders: Sequence[Path], continued: bool, encoder_for: EncoderFor) -> None:
    """Start a head from the first of its `candidates` that has a checkpoint in `folders`.

    A decoder that may start from nothing does so when there is none. Raises UserError for one that needs the
    linear map where it is not fitted, and for a checkpoint that was trained from another `recipe.start`.
    """
    spec = decoder_spec(head.configuration.decoder)
    needs_linear = spec.starts_from_linear and head.recipe.start in WITH_MAP
    possible = candidates(head.configuration, continued, needs_linear, head.recipe.start)
    for configuration in possible:
        path = checkpoint(configuration, folders, encoder_for)
        if path:
            take_over(head, configuration, path)
            return
    if needs_linear:
        linear = possible[-1]
        raise UserError(
            f"{linear.name} is not fitted yet: run 'python -m trainer fit-linear --architecture "
            f"{linear.architecture} --layer {linear.layer} --weights {linear.weights} ...' first."
        )
    if head.recipe.start == "before":
        raise UserError(f"{possible[-1].name} is not trained yet: --start before needs it.")


def candidates(
    configuration: AnyConfiguration, continued: bool, needs_linear: bool, start: str = "linear"
) -> list[AnyConfiguration]:
    """Return what a decoder may start from, best first.

    When it is `continued`: itself, or the same decoder for mse. A fused one: its largest source's own
    decoder. Where the registry says so, another kind of decoder for mse; last, the linear map. With the
    `start` "before" the same decoder of the layer before.
    """
    if start == "before":
        return [*([configuration] if continued else []), before_it(configuration)]
    found = [configuration, replace(configuration, loss="mse")] if continued else []
    single = configuration
    if isinstance(configuration, FusedConfiguration):
        single = configuration.single(configuration.largest)
        found.append(single)
    kind = decoder_spec(configuration.decoder).starts_from
    if kind:
        found.append(replace(single, decoder=kind, loss="mse"))
    if needs_linear:
        found.append(replace(single, decoder="linear", loss="mse"))
    return found


def checkpoint(
    configuration: AnyConfiguration, folders: Sequence[Path], encoder_for: EncoderFor
) -> Path | None:
    """Return the checkpoint of a configuration that fits the encoders here, None if there is none."""
    for folder in folders:
        found = Catalogue.scan(folder, encoder_for, only=configuration.name).entries
        if configuration in found:
            return found[configuration]
    return None


def taken_over(head: Head, whole: bool) -> Sequence[str]:
    """Return the starts of which a head can take a decoder over: the `whole` of it, or into another kind."""
    start = head.recipe.start
    if start == "before" and not whole:
        return ("scratch",) if encoder_spec(head.configuration.architecture).isotropic else WITH_MAP
    return WITH_MAP if start == "colours" else (start,)


def take_over(head: Head, configuration: AnyConfiguration, path: Path) -> None:
    """Give a head the weights of a checkpoint of `configuration`, or what it can use of them."""
    its_start, start = read_header(path).recipe.get("start", "linear"), head.recipe.start
    whole = replace(configuration, loss=head.configuration.loss) == head.configuration
    same = its_start == start or not decoder_spec(configuration.decoder).starts_from_linear
    possible = taken_over(head, whole)
    if its_start not in possible and decoder_spec(configuration.decoder).starts_from_linear:
        if its_start == "before" and not whole:
            raise UserError(
                f"{configuration.name} guesses a layer before it, too: name the folder of one that paints by "
                f"itself with --start-from, such as --start {possible[-1]} makes."
            )
        raise UserError(
            f"{configuration.name} was trained with --start {its_start}: "
            "train what starts from it in the same way."
        )
    decoder = load_decoder(path, head.processes.device)
    if whole and same:
        head.decoder.load_state_dict(decoder.state_dict())
    else:
        head.decoder.start_from(decoder)
    head.kept.load_state_dict(head.decoder.state_dict())
    head.started_from = f"{configuration.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    log.info("%s starts from %s", head.name, configuration.name)
