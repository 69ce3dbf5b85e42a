"""Searches for photos from deep layers, made beforehand so that a visitor sees them at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from explorer import Explorer
from explorer.configurations import OPTIMISATION, Configuration, Place
from explorer.encoders.table import ENCODERS
from explorer.photos.photo import Photo
from explorer.results.recoveries import ShippedRecovery, find_recovery, write_recovery

DEEPEST: tuple[Place, ...] = tuple(
    (name, spec.layer_names[-1]) for name, spec in ENCODERS.items() if spec.bundled
)
FRAMES = 8
POINT_SECONDS = 1.0


def write_recoveries(
    photos: Sequence[Path], out: Path, places: Sequence[Place] = DEEPEST, checkpoints: Path | None = None
) -> Iterator[Path]:
    """Search for each photo in each place as suits the layer; yield the files of what was not there."""
    explorer = Explorer(checkpoints)
    out.mkdir(parents=True, exist_ok=True)
    for architecture, layer in places:
        for path in photos:
            photo = explorer.photo(path)
            asked = Configuration(architecture, layer, OPTIMISATION, "features")
            if find_recovery(photo.digest, asked, out) is None:
                yield write_recovery(_search(explorer, photo, asked), out)


def _search(explorer: Explorer, photo: Photo, asked: Configuration) -> ShippedRecovery:
    points, frames = [], []
    for found in explorer.recover(photo, asked):
        frames.append((found.steps, found.result.reconstruction))
        if found.done or not points or found.seconds - points[-1]["search_seconds"] > POINT_SECONDS:
            points.append(found.to_dict() | {"search_seconds": round(found.seconds, 2)})
    spread = {round(n * (len(frames) - 1) / (FRAMES - 1)) for n in range(FRAMES)}
    return ShippedRecovery(photo.digest, asked, points, [frames[n] for n in sorted(spread)])
