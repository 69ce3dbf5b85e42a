"""Which checkpoints are measured: those of some folders that match a pattern and fit the encoders here."""

import fnmatch
import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import check_fingerprint, read_header
from explorer.configurations import AnyConfiguration, EncoderFor, in_order
from explorer.errors import UserError

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


def digest(path: Path) -> str:
    """Return a short SHA-256 of a checkpoint file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
