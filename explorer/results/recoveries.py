"""Searches that were made beforehand, of the example photos at the deepest layers: shown at once."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from explorer.configurations import OPTIMISATION, Configuration
from explorer.folders import RECOVERIES

SIDE = 224
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShippedRecovery:
    """A search of one photo: what it was told on its way (`points`, as `Recovery.to_dict` says, with
    "search_seconds") and some of its pictures, (step, picture), first to last.
    """

    photo: str
    configuration: Configuration
    points: list[dict[str, Any]]
    frames: list[tuple[int, Image.Image]]


def find_recovery(
    photo: str, configuration: Configuration, folder: Path = RECOVERIES
) -> ShippedRecovery | None:
    """Return the search of the photo with this digest in one layer of one network, if one is there.

    What cannot be read is logged, and not there.
    """
    c = configuration
    path = folder / f"{photo[:16]}-{c.architecture.replace(':', '_')}-{c.layer}-{c.weights}.json"
    if not path.exists():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        steps, points = said["frames"], said["points"]
        with Image.open(path.with_suffix(".webp")) as strip:
            frames = [strip.crop((n * SIDE, 0, (n + 1) * SIDE, SIDE)) for n in range(len(steps))]
        found = Configuration(c.architecture, c.layer, OPTIMISATION, "features", c.weights)
        return ShippedRecovery(photo, found, points, list(zip(steps, frames, strict=True)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("search left out: %s: %s", path.name, error)
        return None


def write_recovery(recovery: ShippedRecovery, folder: Path) -> Path:
    """Write a search for `find_recovery`: its pictures as one strip (lossy), its figures as JSON."""
    c = recovery.configuration
    path = folder / f"{recovery.photo[:16]}-{c.architecture}-{c.layer}-{c.weights}.json"
    strip = Image.new("RGB", (SIDE * len(recovery.frames), SIDE))
    for number, (_, frame) in enumerate(recovery.frames):
        strip.paste(frame, (number * SIDE, 0))
    strip.save(path.with_suffix(".webp"), quality=90, method=6)
    said = {"frames": [step for step, _ in recovery.frames], "points": recovery.points}
    path.write_text(json.dumps(said, indent=1) + "\n")
    return path
