"""Any painted mask -> the painted pixels of the photo's crop. What is wrong with a mask ends here."""

from typing import Any

import numpy as np
import torch
from PIL import Image

from explorer.errors import UserError
from explorer.photos.crops import CENTRE, Position, report_crop, resize_short_side
from explorer.photos.loading import load_picture

CROP = 224
PAINTED = 128  # the 8-bit grey or opacity from which a pixel counts as painted


def read_mask(source: Any, photo_size: tuple[int, int], at: Position = CENTRE) -> torch.Tensor:
    """Return the painted pixels of the photo's crop, boolean (224, 224).

    `source` is whatever `load_photo` takes, or a boolean array. With 224 x 224 pixels it belongs to the crop;
    else it must have the shape of the whole photo, whose `photo_size` is (width, height), and is cropped like
    it, `at` the same place. White is painted; where a picture has transparent parts, all that is not
    transparent is painted. Raises UserError for a mask that cannot be read, has another shape, or is empty.
    """
    if isinstance(source, np.ndarray) and source.dtype == bool:
        source = source.astype(np.uint8) * 255
    try:
        picture, opacity = load_picture(source)
    except UserError as error:
        raise UserError(f"The mask cannot be used. {error}") from error
    grey = opacity if opacity and opacity.getextrema()[0] < 255 else picture.convert("L")
    if grey.size != (CROP, CROP):
        expected = resize_short_side(Image.new("1", photo_size)).size
        if any(abs(a - b) > 1 for a, b in zip(resize_short_side(grey).size, expected, strict=True)):
            raise UserError(
                f"The mask is {grey.width} x {grey.height} pixels: use the photo's own shape "
                f"({photo_size[0]} x {photo_size[1]}), or {CROP} x {CROP} for its crop."
            )
        grey = report_crop(grey, at=at)
    painted = torch.from_numpy(np.asarray(grey) >= PAINTED)
    if not painted.any():
        raise UserError("The mask is empty: paint over a region first (white is painted).")
    return painted
