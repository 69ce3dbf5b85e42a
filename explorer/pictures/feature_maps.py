"""Feature maps as pictures and figures: mosaics of channels, strongest first, and channel statistics."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image
from torch import Tensor

from explorer.errors import UserError
from explorer.pictures.colours import LEVELS, colourise, levels, lookup_table

PER_PAGE = 64
COLUMNS = 8
TILE = 112  # pixels a channel gets in the mosaic, at most unless its map is larger
GAP = 4
MAP_OPACITY = 0.65


@dataclass(frozen=True)
class FeatureMaps:
    """The features (C, H, W) of one photo at one layer."""

    values: np.ndarray

    @classmethod
    def from_tensor(cls, features: Tensor) -> "FeatureMaps":
        return cls(features.detach().float().cpu().numpy())

    @property
    def channels(self) -> int:
        return self.values.shape[0]

    @property
    def height(self) -> int:
        return self.values.shape[1]

    @property
    def width(self) -> int:
        return self.values.shape[2]

    @cached_property
    def strength(self) -> np.ndarray:
        """Root mean square of each channel, (C,)."""
        return np.sqrt(np.square(self.values, dtype=np.float64).mean(axis=(1, 2)))

    @cached_property
    def order(self) -> list[int]:
        """Channel numbers, strongest first."""
        return np.argsort(-self.strength, kind="stable").tolist()

    def pages(self, per_page: int = PER_PAGE) -> int:
        return -(-self.channels // per_page)

    def page_channels(self, page: int = 0, per_page: int = PER_PAGE) -> list[int]:
        """Return the channels on a page, counted from 0. Raises UserError for a page that is not there."""
        if not 0 <= page < self.pages(per_page):
            raise UserError(f"There is no page {page}: choose one of 0 to {self.pages(per_page) - 1}.")
        return self.order[page * per_page : (page + 1) * per_page]

    def mosaic(self, page: int = 0, per_page: int = PER_PAGE, scale: str = "viridis") -> Image.Image:
        """Return one page of channels as a picture with a palette, eight a row, transparent between them.

        Each channel has its own colours, from its lowest value (dark) to its highest (light).
        """
        channels = self.page_channels(page, per_page)
        tile_h, tile_w = self._tile
        rows = -(-len(channels) // COLUMNS)
        places = np.full((rows * (tile_h + GAP), COLUMNS * (tile_w + GAP)), LEVELS, np.uint8)
        for position, channel in enumerate(channels):
            tile = self._levels(channel).repeat(tile_h // self.height, 0).repeat(tile_w // self.width, 1)
            row, column = divmod(position, COLUMNS)
            top, left = row * (tile_h + GAP), column * (tile_w + GAP)
            places[top : top + tile_h, left : left + tile_w] = tile
        picture = Image.fromarray(places[:-GAP, :-GAP]).convert("P")
        picture.putpalette(lookup_table(scale).tobytes() + bytes(3))
        picture.info["transparency"] = LEVELS
        return picture

    @property
    def _tile(self) -> tuple[int, int]:
        """Height and width of a channel in the mosaic, in pixels."""
        zoom = max(1, TILE // max(self.height, self.width))
        return self.height * zoom, self.width * zoom

    def channel_at(self, x: float, y: float, page: int = 0, per_page: int = PER_PAGE) -> int | None:
        """Return the channel at a pixel of the mosaic; None between two channels or beside them."""
        tile_h, tile_w = self._tile
        column, right = divmod(x, tile_w + GAP)
        row, down = divmod(y, tile_h + GAP)
        channels = self.page_channels(page, per_page)
        position = int(row * COLUMNS + column)
        inside = 0 <= column < COLUMNS and right < tile_w and down < tile_h and 0 <= position < len(channels)
        return channels[position] if inside else None

    def channel_image(self, channel: int, scale: str = "viridis") -> Image.Image:
        """Return one channel in colours from its lowest to its highest value, one pixel a position."""
        return Image.fromarray(lookup_table(scale)[self._levels(channel)])

    def _levels(self, channel: int) -> np.ndarray:
        """Return a channel's (H, W) rows of a colour scale, from its lowest value to its highest."""
        values = self.values[channel]
        return levels(values, float(values.min()), float(values.max()))

    def over_photo(self, channel: int, photo: Image.Image, scale: str = "viridis") -> Image.Image:
        """Return one channel's map, its positions as squares, laid half transparent over the grey photo."""
        return lay_over(self.channel_image(channel, scale), photo)

    def histogram(self, channel: int, bins: int = 24) -> np.ndarray:
        """Return how many of a channel's values lie in each of `bins` equal steps from lowest to highest."""
        return np.histogram(self.values[channel], bins)[0]

    def statistics(self) -> list[dict[str, float | int]]:
        """Return a row for each channel, strongest first; `zeros` is the share of values that are 0."""
        flat = self.values.reshape(self.channels, -1)
        return [
            {
                "rank": rank,
                "channel": channel,
                "rms": float(self.strength[channel]),
                "mean": float(flat[channel].mean()),
                "std": float(flat[channel].std()),
                "min": float(flat[channel].min()),
                "max": float(flat[channel].max()),
                "zeros": float((flat[channel] == 0).mean()),
            }
            for rank, channel in enumerate(self.order, start=1)
        ]


def share_map(
    shares: np.ndarray, photo: Image.Image | None = None, low: float = 0.0, high: float = 1.0
) -> Image.Image:
    """Return shares (H, W) in viridis, from `low` (dark) to `high`, over the photo if there is one."""
    drawn = colourise(shares, low, high, "viridis")
    return drawn if photo is None else lay_over(drawn, photo)


def lay_over(drawn: Image.Image, photo: Image.Image) -> Image.Image:
    """Return a coloured map, its positions as squares, half transparent over the grey photo."""
    squares = drawn.resize(photo.size, Image.Resampling.NEAREST)
    return Image.blend(photo.convert("L").convert("RGB"), squares, MAP_OPACITY)
