"""A decoder for layers too deep to draw from: it guesses the layer before, and paints what it guessed."""

import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import Decoder
from explorer.decoders.pixel_shuffle import GlobalBlocks, ResidualBlock
from explorer.decoders.upsample_conv import UpsampleConv
from explorer.encoders.networks import Layer

WIDTH = 128  # channels of the guess on its way
DROPPED = 0.1  # of the channels of the features, in training
COLOUR_VARIANCE = 0.05  # about that of photos on a grid of 7x7: what an error of colours counts by
MOVED = 0.5  # how far the picture's colours are moved to those that were read off


class Cascade(Decoder):
    """From features of a layer to those of the layer before, by regression, as Dosovitskiy & Brox (2016) draw
    photos, and from there on what `upsample_conv` draws of that layer.

    The mean squared error of the guess tells the decoder what there was, and where, at 7x7 positions, too;
    an error in pixels or LPIPS alone left blobs and noise there. The two parts learn apart: the guess from
    the true features of the layer before, the painter, earlier, from the photo. A search may change both.

    The painter trusts what was guessed, wrong colours included, so the colour of each position is also read
    off on its own, and what is painted there is moved towards it. With `linear` False the painter has no
    linear map.
    """

    def __init__(self, layer: Layer, before: Layer, linear: bool = True):
        super().__init__(layer.channels, layer.size)
        self.grid = before.size / layer.size
        self.drop = nn.Dropout2d(DROPPED)
        self.coarse = nn.Sequential(
            nn.Conv2d(layer.channels, WIDTH, 1),
            GlobalBlocks(WIDTH, layer.size),
            ResidualBlock(WIDTH),
            ResidualBlock(WIDTH),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
        )
        self.fine = nn.Sequential(
            ResidualBlock(WIDTH), ResidualBlock(WIDTH), nn.ReLU(), nn.Conv2d(WIDTH, before.channels, 1)
        )
        self.colour = nn.Conv2d(WIDTH, 3, 1)
        self.painter = UpsampleConv(before.channels, before.size, linear=linear, patches=False)

    def start_from(self, painter: UpsampleConv) -> None:
        """Take over the trained decoder of the layer before."""
        self.painter.start_from(painter)

    def guess(self, standardised: Tensor) -> tuple[Tensor, Tensor]:
        """Return standardised features (N, C', H', W') of the layer before, and colours (N, 3, H, W)."""
        coarse = self.coarse(self.drop(standardised))
        size = [round(side * self.grid) for side in coarse.shape[-2:]]
        finer = self.fine(F.interpolate(coarse, size, mode="bilinear"))
        return finer, self.colour(F.relu(coarse)).float()

    def guess_error(self, features: Tensor, before: Tensor, photos01: Tensor) -> Tensor:
        """Return the mean squared error of the guess, of standardised features, and of colours, as a scalar.

        `before` are the true features of the layer before, `photos01` the photos (N, 3, S, S) in [0, 1].
        """
        wanted = self.painter.standardise(before)
        found, colours = self.guess(self.standardise(features))
        found = found.float()
        if found.shape != wanted.shape:  # a photo that the strides do not divide
            found = F.interpolate(found, wanted.shape[-2:], mode="bilinear")
        error = F.mse_loss(colours, F.adaptive_avg_pool2d(photos01, colours.shape[-2:]))
        return F.mse_loss(found, wanted) + error / COLOUR_VARIANCE

    def decode(self, standardised: Tensor) -> Tensor:
        found, colours = self.guess(standardised)
        painted = self.painter.decode(found).float()
        height, width = colours.shape[-2:]
        rows = F.adaptive_avg_pool2d(painted, (height, None))  # an axis at a time: a graph has a node a pixel
        wrong = colours - F.adaptive_avg_pool2d(rows, (None, width))
        return painted + MOVED * F.interpolate(wrong, painted.shape[-2:], mode="bilinear")
