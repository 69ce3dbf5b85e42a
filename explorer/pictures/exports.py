"""One reconstruction as files to take away: pictures and figures in one ZIP."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from explorer.atomic_write import whole_file
from explorer.errors import UserError
from explorer.pictures.feature_maps import FeatureMaps
from explorer.reconstruction import Reconstruction

FRAME_MS = 1200
CAPTION_HEIGHT = 36


def pack(result: Reconstruction, maps: FeatureMaps, scale: str = "viridis") -> bytes:
    """Return a ZIP file: original, reconstruction, error map and feature maps as PNG, figures, channels.

    The figures are metrics.json (with the configuration) and metrics.csv, the channels' statistics
    channels.csv.
    """
    buffer = io.BytesIO()
    pictures = {name: getattr(result, name) for name in ("original", "reconstruction", "error")}
    pictures["feature_maps"] = maps.mosaic(scale=scale)
    row = result.to_dict()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:  # PNG files do not get smaller
        for name, picture in pictures.items():
            file.writestr(f"{name}.png", png(picture))
        file.writestr("metrics.json", json.dumps(row, indent=2))
        file.writestr("metrics.csv", table([row]))
        file.writestr("channels.csv", table(maps.statistics()))
    return buffer.getvalue()


def animation(frames: Sequence[tuple[Image.Image, str]], first: Image.Image) -> bytes:
    """Return a GIF file: the original, then each picture with its caption below it, for ever."""
    buffer = io.BytesIO()
    drawn = [captioned(picture, text) for picture, text in [(first, "original"), *frames]]
    paletted = [frame.quantize(dither=Image.Dither.FLOYDSTEINBERG) for frame in drawn]
    others = {"save_all": True, "append_images": paletted[1:]}
    paletted[0].save(buffer, format="GIF", duration=FRAME_MS, loop=0, **others)
    return buffer.getvalue()


def captioned(picture: Image.Image, text: str) -> Image.Image:
    """Return the picture twice as large, pixel by pixel, above a line of text."""
    large = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST)
    card = Image.new("RGB", (large.width, large.height + CAPTION_HEIGHT), "white")
    card.paste(large, (0, 0))
    font = ImageFont.load_default(CAPTION_HEIGHT * 0.55)
    ImageDraw.Draw(card).text((10, large.height + CAPTION_HEIGHT // 2), text, "black", font, anchor="lm")
    return card


def png(picture: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def table(rows: list[dict]) -> str:
    """Return rows with equal keys as CSV."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def save_png(image: Image.Image, path: str | Path) -> None:
    """Write a PNG, making its folder if needed: `path` holds the whole file or what it held before.

    Raises UserError when it cannot be written.
    """
    path = Path(path)
    try:
        with whole_file(path) as part:
            image.save(part, format="PNG")
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path} cannot be written ({reason}): choose another folder.") from error
