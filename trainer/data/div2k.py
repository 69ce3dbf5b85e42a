"""DIV2K (Agustsson & Timofte 2017): download, check and split as the published studies did."""

import logging
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from explorer.atomic_write import whole_file
from explorer.encoders.hub import HubError, hub_file
from explorer.errors import UserError
from explorer.photos.crops import resize_short_side
from explorer.photos.loading import load_photo
from trainer.data.photos import SHORT_SIDE

REPOSITORY = "goodfellowliu/DIV2K"  # a copy of the authors' archives on the Hugging Face Hub
ARCHIVES = {"DIV2K_train_HR.zip": 800, "DIV2K_valid_HR.zip": 100}
TRAIN = 640  # of the 800; the rest validates
SEED = 42
log = logging.getLogger(__name__)


def download() -> list[Path]:
    """Return the paths of the two archives (4 GB), downloaded from the Hub into EXPLORER_CACHE if need be.

    A broken download goes on where it stopped. Raises UserError when the Hub cannot be reached.
    """
    try:
        return [hub_file(REPOSITORY, name, "dataset") for name in ARCHIVES]
    except HubError as error:
        raise UserError(
            f"DIV2K is not here, and {error}. Check the network and run the command again, which goes on "
            f"where it stopped; or get {' and '.join(ARCHIVES)} elsewhere and give their folder with "
            "--archives. Any other folder of photos works too: --photos DIR."
        ) from error


def split(names: list[str], seed: int = SEED) -> tuple[set[str], set[str]]:
    """Return the names that train and those that validate: TRAIN and the rest, by a seeded shuffle."""
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(len(names)).tolist()
    ordered = sorted(names)
    return {ordered[i] for i in order[:TRAIN]}, {ordered[i] for i in order[TRAIN:]}


def prepare(out: Path, archives: Path | None = None, progress_bar: bool = True) -> list[Path]:
    """Write `out`/train (640), val (160) and test (100) as PNGs with a short side of 256; return the folders.

    The 800 training photos are split by SEED; DIV2K's own 100 validation photos are the test photos.
    `archives` is a folder that already has the two archives. Each photo is checked, written whole or not at
    all, and left alone if it is already there, so that a stopped run goes on. Raises UserError for an archive
    that is missing, damaged or incomplete.
    """
    paths = [archives / name for name in ARCHIVES] if archives else download()
    photos = {path: members(path, ARCHIVES[path.name]) for path in paths}
    train, val = split([Path(name).name for name in photos[paths[0]]])
    folder_of = dict.fromkeys(train, "train") | dict.fromkeys(val, "val")
    total = sum(map(len, photos.values()))
    with tqdm(total=total, desc="DIV2K", unit="photo", disable=not progress_bar) as bar:
        for path, names in photos.items():
            with zipfile.ZipFile(path) as archive:
                for name in names:
                    target = out / folder_of.get(Path(name).name, "test") / Path(name).name
                    if not target.exists():
                        write_photo(archive, name, target)
                    bar.update()
    return [out / name for name in ("train", "val", "test")]


def members(path: Path, expected: int) -> list[str]:
    """Return the names of an archive's photos. Raises UserError unless there are as many as expected."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.lower().endswith(".png"))
    except FileNotFoundError as error:
        raise UserError(f"{path.name} is not in {str(path.parent)!r}.") from error
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} is not a whole ZIP archive: delete it and download it again.") from error
    if len(names) != expected:
        raise UserError(f"{path.name} has {len(names)} photos, not {expected}: it is not the whole DIV2K.")
    return names


def write_photo(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Check one member, shorten it to 256 pixels and write it. Raises UserError when it is damaged."""
    try:
        with archive.open(name) as member:
            data = member.read()  # checks the member's CRC
        photo: Image.Image = resize_short_side(load_photo(data), SHORT_SIDE)
        with whole_file(target) as part:
            photo.save(part, format="PNG")
    except (zipfile.BadZipFile, UserError) as error:
        raise UserError(
            f"{Path(archive.filename).name}: {name} is damaged ({error}): download it again."
        ) from error
