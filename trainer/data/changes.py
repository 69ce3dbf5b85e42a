"""Views of a photo at any scale, mirrored, turned and in other light: what a network would see of it, too."""

import math

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as change

from trainer.data.photos import PhotoSet

TURNED, DEGREES, MOST_DEGREES = 0.3, 3.0, 8.0  # how often, by how much (standard deviation), and at most
LIT, GAIN, CAST, GAMMA = 0.5, 0.08, 0.04, 0.1  # how often, and standard deviations: of all, of each, of logs


def changed_views(photos: PhotoSet, step: int, batch: int, size: int, seed: int) -> Tensor:
    """Return the (batch, 3, size, size) views in [0, 1] of one step, by `seed` and `step` alone."""
    draw = np.random.Generator(np.random.Philox(key=[seed, step]))
    chosen = draw.integers(len(photos.photos), size=batch)
    return torch.stack([changed_view(photos.photos[index], size, draw) for index in chosen])


def changed_view(photo: Tensor, size: int, draw: np.random.Generator) -> Tensor:
    """Return a random view (3, size, size) in [0, 1] of a photo (3, H, W) uint8.

    A square of `size` pixels to the photo's short side, uniformly, shrunk to `size`; half of them mirrored.
    """
    short = min(photo.shape[1:])
    side = draw.uniform(min(size, short), short)
    degrees = (
        float(np.clip(DEGREES * draw.normal(), -MOST_DEGREES, MOST_DEGREES))
        if draw.random() < TURNED
        else 0.0
    )
    radians = math.radians(abs(degrees))
    around = size * (math.cos(radians) + math.sin(radians))  # the square around a turned one
    larger = math.ceil(around) + 2 if degrees else size
    outer = min(short, round(side * larger / size))
    top, left = (int(draw.integers(length - outer + 1)) for length in photo.shape[1:])
    view = change.resized_crop(photo, top, left, outer, outer, [larger, larger], InterpolationMode.BICUBIC)
    if degrees:
        view = change.center_crop(change.rotate(view, degrees, InterpolationMode.BILINEAR), [size, size])
    view = view.float() / 255
    if draw.random() < 0.5:
        view = view.flip(-1)
    return other_light(view, draw) if draw.random() < LIT else view


def other_light(view: Tensor, draw: np.random.Generator) -> Tensor:
    """Return a view in [0, 1] at another exposure, with a slight cast of colour and another gamma."""
    gain = torch.tensor(1 + GAIN * draw.normal() + CAST * draw.normal(size=(3, 1, 1)), dtype=view.dtype)
    return (view ** float(np.exp(GAMMA * draw.normal())) * gain).clamp(0, 1)
