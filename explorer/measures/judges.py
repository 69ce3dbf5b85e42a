"""Judges: what networks and a look at the grid say of a picture, beside what pixels and LPIPS say.

The feature error asks the network that was inverted, the similarity a network that is neither inverted nor in
any loss. Both need the photo's features, so they are no functions of two pictures alone.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from explorer.configurations import AnyConfiguration, Place, layers_of
from explorer.encoders.weights import encoder_file
from explorer.measures.pixels import luminance

JUDGES: tuple[Place, ...] = (("dinov2_small", "block11"), ("efficientnet_lite0", "stage4"))
MEANS = "judges"  # the file of their mean features over photos
Seen = Mapping[Place, Tensor]
FeaturesOf = Callable[[str, Sequence[Place]], dict[Place, Tensor]]


def judge_of(configuration: AnyConfiguration) -> Place | None:
    """Return the layer that judges what is drawn: of the first network that is not inverted, if any."""
    inverted = {architecture for architecture, _ in configuration.sources}
    return next((place for place in JUDGES if place[0] not in inverted), None)


def what_judges_see(configuration: AnyConfiguration, features: FeaturesOf) -> Seen:
    """Return the features that `judge` looks at; `features(weights, places)` encodes the pictures."""
    place = judge_of(configuration)
    judges = features("imagenet", [place]) if place else {}
    return judges | features(configuration.weights, configuration.sources)


@torch.inference_mode()
def judge(
    configuration: AnyConfiguration, drawn01: Tensor, original01: Tensor, found: Seen, seen: Seen
) -> dict[str, list[float]]:
    """Return {"feature_error", "similarity", "weave"} of pictures (N, 3, S, S) in [0, 1], a value each.

    `original01` are their photos, and `found` and `seen` what judges see in either; one photo may serve all.
    Of several sources the feature error is the mean. Without a network to judge there is no similarity.
    """
    c, place = configuration, judge_of(configuration)
    errors = torch.stack([relative_errors(found[source], seen[source]) for source in c.sources])
    grid = max(layer.size for layer in layers_of(c))
    figures = {"feature_error": errors.mean(dim=0)}
    if place:
        mean = mean_features(place).to(found[place].device)
        figures["similarity"] = similarity(found[place], seen[place], mean)
    figures["weave"] = weave(drawn01, original01, grid)
    return {name: values.tolist() for name, values in figures.items()}


def relative_errors(features: Tensor, target: Tensor) -> Tensor:
    """Return |features - target| / |target| (Euclidean norms) of each of (N, C, H, W); not finite for zeros.

    Mahendran & Vedaldi 2015. An all-zero feature map scores 1. One target may serve all.
    """
    return (features - target).flatten(1).norm(dim=1) / target.flatten(1).norm(dim=1)


def similarity(features: Tensor, target: Tensor, mean: Tensor) -> Tensor:
    """Return the mean cosine of the features of each position, both less the mean over photos: (N,), -1 to 1.

    `features` and `target` are (N, C, H, W), one target for all or one each, `mean` is (C, H, W).
    """
    return F.cosine_similarity(features - mean, target - mean, dim=1).mean(dim=(1, 2))


def weave(drawn01: Tensor, original01: Tensor, grid: int) -> Tensor:
    """Return how much more pictures (N, 3, S, S) repeat themselves at the step of a grid than their photos.

    The autocorrelation of the high-passed luminance at a lag of S / grid pixels, mean of x and y, less the
    photo's own: 0 is no weave, above 0.3 it is plainly visible.
    """
    return _repetition(drawn01, grid) - _repetition(original01, grid)


def _repetition(photos01: Tensor, grid: int) -> Tensor:
    """Return the autocorrelation (N,) at a lag of one step of the grid; 0 for an even colour."""
    step = photos01.shape[-1] / grid
    width = max(3, round(step) | 1)
    light = luminance(photos01)[:, None]
    margin = width // 2
    padded = F.pad(light, (margin,) * 4, mode="reflect")
    rows = F.avg_pool2d(padded, (1, width), stride=1)  # one axis, then the other: far less to add up
    high = light - F.avg_pool2d(rows, (width, 1), stride=1)
    whole, part = int(step), step - int(step)
    values = (1 - part) * _correlation(high, whole)
    if part:
        values = values + part * _correlation(high, whole + 1)
    energy = high.square().mean(dim=(1, 2, 3))
    return torch.where(energy > 1e-10, values / energy.clamp(min=1e-10), 0.0)


def _correlation(x: Tensor, lag: int) -> Tensor:
    """Return the mean product of (N, 1, H, W) with itself `lag` pixels on, along both axes: (N,)."""
    down = (x[:, :, lag:] * x[:, :, :-lag]).mean(dim=(1, 2, 3))
    across = (x[..., lag:] * x[..., :-lag]).mean(dim=(1, 2, 3))
    return (down + across) / 2


@cache
def mean_features(place: Place) -> Tensor:
    """Return a judge's features (C, H, W), averaged over the validation photos."""
    return load_file(encoder_file(MEANS))["/".join(place)].float()
