"""The figures of decoders over test photos: every photo's, and their summary."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from explorer.configurations import AnyConfiguration, EncoderFor, FusedConfiguration, encode
from explorer.decoders import Decoder
from explorer.measures.metrics import Metrics, measure
from trainer.measuring.contributions import Contributions
from trainer.measuring.protocols import Protocol
from trainer.measuring.statistics import summarise

BATCH = 4


@torch.inference_mode()
def measure_decoders(
    decoders: Mapping[AnyConfiguration, Decoder],
    names: Sequence[str],
    photos01: Tensor,
    protocol: Protocol,
    encoder_for: EncoderFor,
    progress_bar: bool = True,
) -> dict[AnyConfiguration, dict[str, Any]]:
    """Return what `summary_row` says of each decoder, and a fused one's "contributions" by source.

    Each photo passes once through each encoder, whose features serve all decoders. `photos01`
    (N, 3, H, W) are on the decoders' device.
    """
    measured: dict[AnyConfiguration, list[Metrics]] = {c: [] for c in decoders}
    brought = {c: Contributions(c, decoders[c]) for c in decoders if isinstance(c, FusedConfiguration)}
    with tqdm(total=len(names), unit="photo", disable=not progress_bar) as bar:
        for batch in photos01.split(BATCH):
            targets = protocol.target(batch)
            for c, inputs in inputs_of(decoders, batch, encoder_for):
                measured[c] += measure(decoders[c](inputs), targets)
                if c in brought:
                    brought[c].add(inputs, targets)
            bar.update(len(batch))
    rows = {c: summary_row(names, metrics) for c, metrics in measured.items()}
    for c, contributions in brought.items():
        rows[c]["contributions"] = contributions.rows([metrics.psnr for metrics in measured[c]])
    return rows


def inputs_of(
    configurations: Iterable[AnyConfiguration], photos01: Tensor, encoder_for: EncoderFor
) -> Iterable[tuple[AnyConfiguration, Any]]:
    """Yield each configuration with what its decoder takes, from one pass of each encoder."""
    by_weights: dict[str, list[AnyConfiguration]] = {}
    for c in configurations:
        by_weights.setdefault(c.weights, []).append(c)
    for weights, mine in by_weights.items():
        features = encode(encoder_for, weights, photos01, {place for c in mine for place in c.sources})
        for c in mine:
            yield c, c.inputs(features)


def summary_row(names: Sequence[str], metrics: Sequence[Metrics]) -> dict[str, Any]:
    """Return {"mean", "std", "ci95", "per_image"} of one configuration."""
    summaries = {figure: summarise([m[figure] for m in metrics]) for figure in metrics[0]}
    return {
        "mean": {figure: summary[0] for figure, summary in summaries.items()},
        "std": {figure: summary[1] for figure, summary in summaries.items()},
        "ci95": {figure: summary[2] for figure, summary in summaries.items()},
        "per_image": [{"image": n} | m for n, m in zip(names, metrics, strict=True)],
    }
