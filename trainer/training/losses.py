"""Training losses: the weighted sums of the table LOSSES, of pixels, LPIPS and the network's own features."""

from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.configurations import AnyConfiguration, EncoderFor, Place, layers_by_architecture
from explorer.decoders.losses import LOSSES
from explorer.encoders.table import encoder_spec
from explorer.measures.lpips import lpips_network

OWN = 0.3  # of the feature distance: the decoded layer alone; the rest is the mean over it and the shallower
Features = Mapping[Place, Tensor]


def reconstruction_loss(
    loss: str,
    drawn: Tensor,
    original01: Tensor,
    lpips_window: tuple[slice, slice] | None = None,
    seen: Features | None = None,
    wanted: Features | None = None,
) -> Tensor:
    """Return the weighted sum of a loss's terms for (N, 3, H, W) photos as a scalar.

    `drawn` is the decoder's unclamped output: clamping would stop the gradient where it is needed most.
    LPIPS, by far the dearer part, can be taken from a window (rows, columns) of the photos. `seen` and
    `wanted` are the features of `drawn` and of the originals that a loss in features compares.
    """
    spec = LOSSES[loss]
    total = drawn.new_zeros(())
    if spec.w_mse:
        total = total + spec.w_mse * F.mse_loss(drawn, original01)
    if spec.w_l1:
        total = total + spec.w_l1 * F.l1_loss(drawn, original01)
    if spec.w_lpips:
        network = lpips_network(str(original01.device))
        window = (..., *lpips_window) if lpips_window else ...
        total = total + spec.w_lpips * network(drawn[window], original01[window], normalize=True).mean()
    if spec.w_features:
        total = total + spec.w_features * feature_distance(seen, wanted)
    return total


def compared(configuration: AnyConfiguration) -> tuple[Place, ...]:
    """Return the layers that a configuration's loss compares: its own and the shallower ones of each network.

    They are in the networks' order, so that the last of each network is its own. Nothing without a loss in
    features.
    """
    if not LOSSES[configuration.loss].w_features:
        return ()
    places = []
    for architecture, own in layers_by_architecture(configuration.sources).items():
        names = encoder_spec(architecture).layer_names
        places += [(architecture, name) for name in names[: 1 + max(map(names.index, own))]]
    return tuple(places)


def encoded_again(
    drawn: Tensor, places: Iterable[Place], encoder_for: EncoderFor, weights: str
) -> dict[Place, Tensor]:
    """Return what frozen networks see in drawn pictures, with their gradients."""
    return {
        (architecture, layer): found
        for architecture, layers in layers_by_architecture(places).items()
        for layer, found in encoder_for(architecture, weights).differentiable(drawn, layers).items()
    }


def feature_distance(seen: Features, wanted: Features) -> Tensor:
    """Return the mean squared relative error of features over layers, weighted by OWN, a scalar.

    The deepest layer of each network in `seen` is the decoded one.
    """
    errors = {place: squared_relative_error(found, wanted[place]).mean() for place, found in seen.items()}
    deepest = {architecture: error for (architecture, _), error in errors.items()}
    own, every = (torch.stack(list(values.values())).mean() for values in (deepest, errors))
    return OWN * own + (1 - OWN) * every


def squared_relative_error(features: Tensor, wanted: Tensor) -> Tensor:
    """Return |features - wanted|^2 / |wanted|^2 of each photo, (N,), in float32."""
    difference = (features.float() - wanted.float()).flatten(1).square().sum(dim=1)
    return difference / wanted.float().flatten(1).square().sum(dim=1).clamp(min=1e-12)
