"""A photo as everything behind the door sees it: made once from any upload, then handed on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from PIL import Image
from torch import Tensor

from explorer.photos.crops import CENTRE, Position, report_crop
from explorer.photos.loading import Upload, load_photo
from explorer.photos.tensors import to_tensor


@dataclass(frozen=True, eq=False)
class Photo:
    """The part of a photo that is looked at: short side 256, of which 224 pixels, the centre's unless moved.

    `crop` is that part as RGB, `size` the (width, height) of the whole photo in pixels, and `at` how far
    right and down the crop lies of how far it can, each in [0, 1].
    """

    crop: Image.Image
    size: tuple[int, int]
    at: Position = CENTRE

    @cached_property
    def photo01(self) -> Tensor:
        """The crop as float32 (3, 224, 224) in [0, 1]."""
        return to_tensor(self.crop)

    @property
    def nbytes(self) -> int:
        """What it takes in memory: the crop, and the same as a tensor, which everything asks for."""
        values = 3 * self.crop.width * self.crop.height
        return values + 4 * values

    @cached_property
    def digest(self) -> str:
        """What the photo is known by: equal for equal crops."""
        return hashlib.sha256(self.crop.tobytes()).hexdigest()


def read_photo(source: Photo | Upload, at: Position = CENTRE) -> Photo:
    """Return the Photo of anything that `load_photo` takes, a Photo as it is. Raises UserError likewise.

    `at` is where it is cropped, as in `Photo`; ValueError outside [0, 1].
    """
    if isinstance(source, Photo):
        return source
    whole = load_photo(source)
    return Photo(report_crop(whole, at=at), whole.size, at)
