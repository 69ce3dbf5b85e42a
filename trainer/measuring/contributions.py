"""What each source of an ensemble brings to its reconstruction."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from explorer.configurations import FusedConfiguration
from explorer.decoders.fusion import Fused
from explorer.measures.pixels import mse, psnr_of_mse
from trainer.measuring.statistics import compare


class Contributions:
    """What each source of a fused configuration brings, summed up over batches of photos."""

    def __init__(self, configuration: FusedConfiguration, decoder: Fused):
        self.configuration = configuration
        self.decoder = decoder
        self.without: list[list[float]] = [[] for _ in configuration.sources]
        self.weights: list[Tensor] = []

    def add(self, inputs: Sequence[Tensor], targets: Tensor) -> None:
        """Take in a batch: the features of all sources, (N, C, H, W) each, and the photos."""
        weights = self.decoder.weights(inputs)
        if weights is not None:
            self.weights.append(weights.mean(dim=(2, 3)).cpu())
        for number, psnr in enumerate(self.without):
            drawn01 = self.decoder(self.decoder.without(inputs, number))
            psnr += map(psnr_of_mse, mse(drawn01, targets).tolist())

    def rows(self, psnr: Sequence[float]) -> list[dict[str, Any]]:
        """Return a row a source; `psnr` are the photos' figures with all sources.

        "weight" is the mean of the learned weights (None: they are not weighed), "loss" what the PSNR loses,
        in dB, when the source's features are replaced by their mean over the training photos.
        """
        weights = torch.cat(self.weights).mean(dim=0).tolist() if self.weights else None
        found = []
        for number, place in enumerate(self.configuration.sources):
            loss, interval, p = compare(psnr, self.without[number])
            weight = weights[number] if weights else None
            found.append({"source": list(place), "weight": weight, "loss": loss, "ci95": interval, "p": p})
        return found
