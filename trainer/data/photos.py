"""Folders of photos: decoded once into memory, handed out as random or centre crops."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from explorer.errors import UserError
from explorer.photos.crops import report_crop, resize_short_side
from explorer.photos.loading import load_photo
from explorer.photos.tensors import to_tensor

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
SHORT_SIDE = 256
REPORT_SIDE = 224
log = logging.getLogger(__name__)


@dataclass
class PhotoSet:
    """Photos as uint8 tensors (3, H, W) with a short side of 256 or, to be seen at several scales, larger."""

    names: list[str]
    photos: list[Tensor]

    @property
    def digest(self) -> str:
        """A short SHA-256 over all names and pixels: equal sets have equal digests."""
        sha = hashlib.sha256()
        for name, photo in zip(self.names, self.photos, strict=True):
            sha.update(name.encode() + photo.numpy().tobytes())
        return sha.hexdigest()[:16]

    def random_crops(self, step: int, batch: int, size: int, seed: int) -> Tensor:
        """Return the (batch, 3, size, size) training crops in [0, 1] of one step, half of them mirrored.

        They depend on `seed` and `step` alone, so that a resumed run sees the crops it would have seen.
        """
        draw = np.random.Generator(np.random.Philox(key=[seed, step]))
        chosen = draw.integers(len(self.photos), size=batch)
        return torch.stack([random_crop(self.photos[index], size, draw) for index in chosen]).float() / 255

    def centre_crops(self, limit: int | None = None) -> Tensor:
        """Return (N, 3, 224, 224) centre crops in [0, 1] of up to `limit` photos spread over the set."""
        chosen = self.photos
        if limit and limit < len(chosen):
            chosen = [chosen[index * len(chosen) // limit] for index in range(limit)]
        crops = []
        for photo in map(at_report_scale, chosen):
            top, left = (photo.shape[1] - REPORT_SIDE) // 2, (photo.shape[2] - REPORT_SIDE) // 2
            crops.append(photo[:, top : top + REPORT_SIDE, left : left + REPORT_SIDE])
        return torch.stack(crops).float() / 255

    def subset(self, indices: Sequence[int]) -> "PhotoSet":
        return PhotoSet([self.names[i] for i in indices], [self.photos[i] for i in indices])


def at_report_scale(photo: Tensor) -> Tensor:
    """Return a photo (3, H, W) uint8 with a short side of 256."""
    if min(photo.shape[1:]) == SHORT_SIDE:
        return photo
    resized = resize_short_side(Image.fromarray(photo.permute(1, 2, 0).numpy()), SHORT_SIDE)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1)


def random_crop(photo: Tensor, size: int, draw: np.random.Generator) -> Tensor:
    """Return a random (3, size, size) part of a photo, mirrored or not."""
    top = draw.integers(photo.shape[1] - size + 1)
    left = draw.integers(photo.shape[2] - size + 1)
    crop = photo[:, top : top + size, left : left + size]
    return crop.flip(-1) if draw.random() < 0.5 else crop


def photo_files(folder: Path) -> list[Path]:
    """Return the photo files of a folder by name. Raises UserError if there is no folder or no photo."""
    if not folder.is_dir():
        raise UserError(f"The photos folder {str(folder)!r} does not exist.")
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise UserError(f"There are no photos in {str(folder)!r} (looked for {', '.join(sorted(SUFFIXES))}).")
    return files


def load_set(folder: Path, largest: int = SHORT_SIDE, progress: bool = True) -> PhotoSet:
    """Return the readable photos of a folder. Raises UserError when there is none.

    Their short side is 256, or their own up to `largest` where that is more.
    """
    names, photos = [], []
    for name, photo in readable(folder, progress):
        names.append(name)
        side = max(SHORT_SIDE, min(largest, *photo.size))
        pixels = np.array(resize_short_side(photo, side))
        photos.append(torch.from_numpy(pixels).permute(2, 0, 1).contiguous())
    return PhotoSet(names, photos)


def readable(folder: Path, progress: bool = True) -> Iterator[tuple[str, Image.Image]]:
    """Yield (file name, photo) of a folder's photos. Broken files are skipped, counted and named in the log.

    Raises UserError when nothing usable is there.
    """
    files, skipped = photo_files(folder), []
    for path in tqdm(files, desc=f"photos {folder.name}", unit="photo", disable=not progress, leave=False):
        try:
            photo = load_photo(path)
        except UserError as error:
            skipped.append(path.name)
            log.warning("photo skipped: %s: %s", path.name, error)
            continue
        yield path.name, photo
    if len(skipped) == len(files):
        raise UserError(f"None of the {len(files)} photos in {str(folder)!r} could be read.")
    if skipped:
        log.warning("%d of %d photos skipped: %s", len(skipped), len(files), ", ".join(skipped))


def load_train_val(
    folder: Path, seed: int = 42, largest: int = SHORT_SIDE, progress: bool = True
) -> tuple[PhotoSet, PhotoSet]:
    """Return the training and validation photos of `folder`.

    Its subfolders train/ and val/ if it has them; else its own photos, of which every tenth by a seeded
    shuffle validates. Training photos keep a short side of up to `largest`. Raises UserError when fewer than
    two photos can be read.
    """
    if (folder / "train").is_dir() and (folder / "val").is_dir():
        train, val = folder / "train", folder / "val"
        return load_set(train, largest, progress), load_set(val, progress=progress)
    everything = load_set(folder, largest, progress)
    count = len(everything.photos)
    if count < 2:
        raise UserError(f"Training needs at least two photos; {str(folder)!r} has {count} that can be read.")
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(count).tolist()
    held_out = max(1, count // 10)
    return everything.subset(order[held_out:]), everything.subset(order[:held_out])


def report_photos(folder: Path) -> tuple[list[str], Tensor]:
    """Return the file names of all readable photos and (N, 3, 224, 224) in [0, 1]: what is reported on.

    Short side 256, centre crop. Raises UserError when there is none.
    """
    names, photos01 = [], []
    for name, photo in readable(folder, progress=False):
        names.append(name)
        photos01.append(to_tensor(report_crop(photo, REPORT_SIDE)))
    return names, torch.stack(photos01)
