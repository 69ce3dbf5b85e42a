"""What encoders answer to a fixed picture: a graphics card is used once it has answered the same."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from explorer import Explorer
from explorer.browser.graphs import SIDE
from explorer.configurations import Configuration
from explorer.encoders.table import encoder_spec

KEPT = 64  # numbers of an answer


def probe_photo() -> Tensor:
    """Return the picture (1, 3, 224, 224) in [0, 1], of slopes and squares, that graphics.js makes, too."""
    at = torch.arange(SIDE)
    y, x, channel = at[:, None], at[None, :], torch.arange(1, 4)[:, None, None]
    values = (3 * x + 2 * y + 61 * channel * (x // 32 + y // 32)) % 256
    return (values.double() / 255).float()[None]


def probes(offered: Sequence[Configuration], explorer: Explorer) -> dict[str, dict[str, Any]]:
    """Return the probe of each encoder at the deepest layer that is offered of it."""
    layers: dict[tuple[str, str], set[str]] = {}
    for c in offered:
        layers.setdefault((c.architecture, c.weights), set()).add(c.layer)
    return {
        f"{architecture}-{weights}": probe(
            architecture, weights, max(names, key=encoder_spec(architecture).layer_names.index), explorer
        )
        for (architecture, weights), names in layers.items()
    }


def probe(architecture: str, weights: str, layer: str, explorer: Explorer) -> dict[str, Any]:
    """Return the layer's features of the probe photo, as every `step`th of their numbers."""
    features = explorer.engine.encoder(architecture, weights)(probe_photo(), [layer])[layer].flatten()
    step = len(features) // KEPT
    return {"layer": layer, "step": step, "features": [round(x, 5) for x in features[::step].tolist()]}
