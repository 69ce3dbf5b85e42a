"""Which checkpoints are measured: those of some folders that match a pattern and fit the encoders here."""

import fnmatch
import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import check_fingerprint, read_header
from explorer.configurations import AnyConfiguration, EncoderFor, in_order
from explorer.decoders import decoder_spec
from explorer.errors import UserError
from explorer.measures.metrics import METRICS

log = logging.getLogger(__name__)


def ready_checkpoints(folders: Sequence[Path]) -> dict[AnyConfiguration, Path]:
    """Return the checkpoints of several folders, whatever they were trained to draw; of equals the last."""
    found: dict[AnyConfiguration, Path] = {}
    for folder in folders:
        found |= Catalogue.scan(folder, any_target=True).entries
    return found


def choose(
    ready: Mapping[AnyConfiguration, Path], only: str | None, encoder_for: EncoderFor
) -> dict[AnyConfiguration, Path]:
    """Return those, in order, whose names match `only`, a part or a pattern, and that fit their encoders.

    The log names what does not fit. Raises UserError, listing what is ready, when nothing is left.
    """
    pattern = only or "*"
    chosen = {c: ready[c] for c in in_order(ready) if matches(c, pattern) and fits(ready[c], c, encoder_for)}
    if not chosen:
        names = ", ".join(sorted(c.name for c in ready)) or "there is none"
        raise UserError(f"No ready checkpoint matches {pattern!r}. Ready: {names}.")
    return chosen


def matches(c: AnyConfiguration, pattern: str) -> bool:
    return pattern in c.name or fnmatch.fnmatch(c.name, pattern)


def fits(path: Path, c: AnyConfiguration, encoder_for: EncoderFor) -> bool:
    """Whether a checkpoint was trained on the encoder weights here; if not, the log says so."""
    try:
        check_fingerprint(path, read_header(path), encoder_for)
    except UserError as error:
        log.warning("%s left out: %s", c.name, error)
        return False
    return True


def identity(c: AnyConfiguration, path: Path) -> str:
    """Return what a row's figures come from: a short SHA-256 of the checkpoint file, and newer code, if any.

    Newer is the code of its decoder and of the metrics whose `version` in their tables is above 1.
    """
    versions = {c.decoder: decoder_spec(c.decoder).version} | {key: m.version for key, m in METRICS.items()}
    newer = [f"+{name}{version}" for name, version in versions.items() if version > 1]
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] + "".join(newer)
