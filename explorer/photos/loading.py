"""Any upload -> one checked RGB picture.

Whatever is wrong with an upload ends here, as a UserError: no PIL exception or warning gets past it.
"""

import io
import re
import warnings
from pathlib import Path
from threading import Lock

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError, features

from explorer.errors import UserError
from explorer.wanted import holding

MIN_SIDE = 32
MAX_PIXELS = 100_000_000
MAX_ASPECT = 20
DRAFT_SIDE = 2048  # larger photos are reduced early, as long as both sides keep this many pixels

pillow_heif.register_heif_opener(thumbnails=False)
FORMATS = (
    ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"] + (["AVIF"] if features.check("avif") else []) + ["HEIF"]
)
FORMAT_NAMES = ", ".join(FORMATS[:-1]).replace("WEBP", "WebP") + " or HEIC"

_SIGNATURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG|RIFF....WEBP|GIF8|BM....\0{4}|II\*\0|MM\0\*|....ftyp(avif|hei|mif1)", re.DOTALL
)
Upload = str | Path | bytes | Image.Image | np.ndarray
# One at a time of those that fill much memory; others need not wait for it.
LARGE_PIXELS = 16_000_000
_decoding_large = Lock()
Picture = tuple[Image.Image, Image.Image | None]  # the photo on white, and its opacity if not all is opaque


def load_photo(source: Upload) -> Image.Image:
    """Return the upright 8-bit sRGB photo in a file, its bytes, a PIL image or an array.

    Transparency is laid on white, embedded colour profiles are converted to sRGB, animations give their first
    frame, 16-bit values are scaled to 8. Arrays are H x W, H x W x 3 or H x W x 4, uint8 or float in [0, 1].
    Photos with a short side of 4,096 pixels or more come reduced by a whole factor, to 2,048 or more.

    Raises UserError for what is missing, unreadable, damaged, no photo, of another format, below 32 pixels on
    the shorter side, above 100 megapixels or longer than 20:1; size is checked before any pixel is decoded.
    """
    return load_picture(source)[0]


def load_picture(source: Upload) -> Picture:
    """Return the photo as `load_photo` does, and its opacity as L, None where all is opaque."""
    with _without_warnings:
        if isinstance(source, np.ndarray):
            return _flatten(_from_array(source), "The photo")
        if isinstance(source, Image.Image):
            _check_size(source.size, "The photo")
            return _flatten(source, "The photo")
        if isinstance(source, bytes | bytearray):
            return _decode(io.BytesIO(source), "The photo")
        if isinstance(source, str | Path):
            return _read(source)
    if source is None:
        raise UserError("No photo was given: choose one or drop one in.")
    raise UserError(f"Type {type(source).__name__} is no photo: give a path, bytes, a PIL image or an array.")


class _WithoutWarnings:
    """Keeps what Pillow warns of from being shown, until the last of several threads is done."""

    def __init__(self):
        self._counting = Lock()  # filters belong to the whole process
        self._inside = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._counting:
            self._inside += 1
            if self._inside == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")

    def __exit__(self, *error: object) -> None:
        with self._counting:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(*error)


_without_warnings = _WithoutWarnings()


def _read(source: str | Path) -> Picture:
    path = Path(source)
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder: give the path of one photo.")
        if not path.is_file():  # missing, or a pipe or device that would never end
            raise UserError(f"{path} was not found: check the path.")
        with path.open("rb") as file:
            return _decode(file, path.name)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}): choose another file.") from error


def _decode(file: io.BufferedIOBase, name: str) -> Picture:
    start = file.read(16)
    if not start:
        raise UserError(f"{name} is empty: choose another file.")
    file.seek(0)
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except Exception as error:  # plugins raise whatever a broken header leads them to
        if isinstance(error, UnidentifiedImageError) and not _SIGNATURE.match(start):
            raise UserError(f"{name} is no image in a supported format: use {FORMAT_NAMES}.") from error
        raise _damaged(name) from error
    _check_size(image.size, name)
    image.draft(None, (DRAFT_SIDE, DRAFT_SIDE))
    return _flatten(image, name)


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    short, long = min(size), max(size)
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name)
    if short < MIN_SIDE:
        raise UserError(
            f"{name} is {width} x {height} pixels: use a photo whose shorter side has at least {MIN_SIDE}."
        )
    if long > MAX_ASPECT * short:
        raise UserError(
            f"{name} is {width} x {height} pixels: crop it to at most {MAX_ASPECT} times as long as wide."
        )


def _too_many_pixels(name: str) -> UserError:
    return UserError(f"{name} has more than {MAX_PIXELS // 10**6} megapixels: make it smaller first.")


def _damaged(name: str) -> UserError:
    return UserError(f"{name} is damaged or incomplete: save or download it again.")


def _from_array(array: np.ndarray) -> Image.Image:
    """Return an array H x W, H x W x 3 or H x W x 4, uint8 or float in [0, 1], as a PIL image."""
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise UserError(f"An array of shape {array.shape} is no photo: use H x W, H x W x 3 or H x W x 4.")
    _check_size((array.shape[1], array.shape[0]), "The photo")
    if np.issubdtype(array.dtype, np.floating):
        low, high = array.min(), array.max()
        if not (low >= 0 and high <= 1):  # also false for NaN
            raise UserError(
                f"The photo's values lie in [{low:.3g}, {high:.3g}]: scale them to [0, 1], or use uint8."
            )
        array = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise UserError(f"An array of {array.dtype} is no photo: use uint8, or float in [0, 1].")
    return Image.fromarray(np.ascontiguousarray(array))


def _flatten(image: Image.Image, name: str) -> Picture:
    """Decode an image and return it upright, in sRGB, on white, with no metadata left, and its opacity."""
    if image.width * image.height <= LARGE_PIXELS:
        return _flattened(image, name)
    with holding(_decoding_large):
        return _flattened(image, name)


def _flattened(image: Image.Image, name: str) -> Picture:
    try:
        image.load()
        orientation = _orientation(image)
        shrink = min(image.size) // DRAFT_SIDE
        if shrink > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK"):  # what follows makes several copies
            image = image.reduce(shrink)
        colour, alpha = _colour_and_alpha(image)
        photo = _to_srgb(colour, image.info.get("icc_profile"))
    except UserError:
        raise
    except Exception as error:  # see _decode
        raise _damaged(name) from error
    if alpha is not None:
        white = Image.new("RGB", photo.size, "white")
        white.paste(photo, (0, 0), alpha)
        photo = white
    photo.info.clear()  # a profile left here would be saved again and applied twice
    for layer in (photo, alpha) if alpha else (photo,):
        layer.getexif()[ExifTags.Base.Orientation] = orientation
        ImageOps.exif_transpose(layer, in_place=True)
    return photo, alpha


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # broken EXIF data says nothing about the pixels
        return 1


def _colour_and_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colour as L, RGB, CMYK or LAB, and the opacity as L or None if all is opaque."""
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.mode == "F":
        return _from_array(np.asarray(image)), None
    if image.mode in ("L", "RGB", "CMYK", "LAB") and not image.has_transparency_data:
        return image, None
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    return rgba.convert("RGB"), rgba.getchannel("A")


def _from_16_bits(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise UserError("The photo has 32 bits a pixel: save it with 8 or 16 bits.")
    grey = Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))
    if "transparency" not in image.info:
        return grey, None
    return grey, Image.fromarray(np.where(values == image.info["transparency"], 0, 255).astype(np.uint8))


def _to_srgb(colour: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a new RGB image; a profile that is broken or made for another colour space is left out."""
    if profile or colour.mode == "LAB":
        lab = colour.mode == "LAB"
        try:
            given = ImageCms.createProfile("LAB") if lab else ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(colour, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass
    return colour.convert("RGB")
