"""The part of a photo that is looked at: short side 256, of which 224 pixels, the centre's unless moved."""

from PIL import Image

CROP_FROM = 256 / 224  # report protocol: short side 256, of which the centre 224 are kept
Position = tuple[float, float]  # how far right and down the crop lies of how far it can, each in [0, 1]
CENTRE = (0.5, 0.5)


def resize_short_side(photo: Image.Image, side: int = 256) -> Image.Image:
    """Return the photo with its shorter side `side` pixels long (bicubic, antialiased) and its aspect kept.

    A photo that already has this size is returned as it is.
    """
    width, height = photo.size
    short = min(width, height)
    if short == side:
        return photo
    size = (max(side, round(width * side / short)), max(side, round(height * side / short)))
    return photo.resize(size, Image.Resampling.BICUBIC)


def crop_at(photo: Image.Image, size: int = 224, at: Position = CENTRE) -> Image.Image:
    """Return `size` x `size` pixels, the central ones unless told otherwise.

    Raises ValueError for a smaller photo, and for a place outside [0, 1]: nothing is padded.
    """
    if not all(0 <= share <= 1 for share in at):
        raise ValueError(f"a crop lies between 0 and 1 of the way, not at {at}")
    width, height = photo.size
    if min(width, height) < size:
        raise ValueError(f"cannot crop {size} x {size} pixels from a photo of {width} x {height}")
    left, top = int((width - size) * at[0]), int((height - size) * at[1])
    return photo.crop((left, top, left + size, top + size))


def report_crop(photo: Image.Image, size: int = 224, at: Position = CENTRE) -> Image.Image:
    """Return the crop that is reported on: short side 256, of which 224; in proportion for another `size`."""
    return crop_at(resize_short_side(photo, round(size * CROP_FROM)), size, at)
