"""Pictures made for tests: plain ones, noise, and files that Pillow does not write."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

from explorer.photos.loading import load_photo

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def encoded(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def plain(colour, mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.new(mode, size, colour)


def noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def handmade_png(width: int, height: int, depth: int, colour_type: int, row: bytes, *extra: bytes) -> bytes:
    """A PNG of one repeated row, for what Pillow does not write; `extra` chunks are type + data."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress((b"\0" + row) * (height if row else 1))
    chunks = (header, *extra, pixels, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def swapped_profile() -> bytes:
    """A colour profile that calls green what sRGB calls red, and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tmp!", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tmp!", b"gXYZ", 1)


def colour_of(source) -> tuple[int, int, int]:
    """The one colour of a photo that has only one."""
    photo = load_photo(source)
    assert photo.mode == "RGB"
    colours = photo.getcolors()
    assert len(colours) == 1
    return colours[0][1]
