"""The figures of decoders over test photos: every photo's, and their summary."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from explorer.configurations import AnyConfiguration, EncoderFor, FusedConfiguration, Place, encode
from explorer.decoders import Decoder
from explorer.measures.judges import judge, judge_of, mean_features, similarity, what_judges_see
from explorer.measures.metrics import Metrics, measure
from trainer.measuring.contributions import Contributions
from trainer.measuring.protocols import Protocol
from trainer.measuring.statistics import summarise

BATCH = 4
Sight = Mapping[str, Mapping[Place, Tensor]]  # features (N, C, H, W) by weights and layer


@torch.inference_mode()
def measure_decoders(
    decoders: Mapping[AnyConfiguration, Decoder],
    names: Sequence[str],
    photos01: Tensor,
    protocol: Protocol,
    encoder_for: EncoderFor,
    progress_bar: bool = True,
) -> dict[AnyConfiguration, dict[str, Any]]:
    """Return what `summary_row` says of each decoder, how "alike" its pictures are, and a fused one's
    "contributions" by source.

    Each photo passes once through each encoder, whose features serve all decoders. `photos01`
    (N, 3, H, W) are on the decoders' device. Judges look at the pictures as they are shown, in 8 bits.
    "alike" is the mean similarity of two neighbours' pictures to each other.
    """
    measured: dict[AnyConfiguration, list[Metrics]] = {c: [] for c in decoders}
    alike: dict[AnyConfiguration, list[float]] = {c: [] for c in decoders}
    brought = {c: Contributions(c, decoders[c]) for c in decoders if isinstance(c, FusedConfiguration)}
    with tqdm(total=len(names), unit="photo", disable=not progress_bar) as bar:
        for batch in photos01.split(BATCH):
            targets, theirs = protocol.target(batch), see(decoders, batch, encoder_for)
            for c, decoder in decoders.items():
                inputs = c.inputs(theirs[c.weights])
                drawn01 = decoder(inputs)
                figures = measure(drawn01, targets)
                if protocol.judged:
                    shown01 = drawn01.mul(255).round().div(255)
                    ours = see([c], shown01, encoder_for)
                    figures = [
                        Metrics(x | y)
                        for x, y in zip(figures, judged_figures(c, shown01, batch, ours, theirs), strict=True)
                    ]
                    alike[c] += likeness(c, ours)
                measured[c] += figures
                if c in brought:
                    brought[c].add(inputs, targets)
            bar.update(len(batch))
    rows = {c: summary_row(names, metrics) for c, metrics in measured.items()}
    for c, values in alike.items():
        rows[c] |= {"alike": statistics.fmean(values)} if values else {}
    for c, contributions in brought.items():
        rows[c]["contributions"] = contributions.rows([metrics.psnr for metrics in measured[c]])
    return rows


def see(configurations: Iterable[AnyConfiguration], photos01: Tensor, encoder_for: EncoderFor) -> Sight:
    """Return what configurations and their judges see in photos, from one pass of each encoder."""
    asked: dict[str, set[Place]] = {}
    for c in configurations:
        asked.setdefault(c.weights, set()).update(c.sources)
        if place := judge_of(c):
            asked.setdefault("imagenet", set()).add(place)
    return {
        weights: encode(encoder_for, weights, photos01, sorted(places)) for weights, places in asked.items()
    }


def judged_figures(
    c: AnyConfiguration, drawn01: Tensor, photos01: Tensor, ours: Sight, theirs: Sight
) -> list[dict[str, float]]:
    """Return the judges' figures of pictures (N, 3, H, W) in [0, 1] of photos; what was seen in either."""
    found, seen = (
        what_judges_see(c, lambda weights, places, x=x: {place: x[weights][place] for place in places})
        for x in (ours, theirs)
    )
    columns = judge(c, drawn01, photos01, found, seen)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def likeness(c: AnyConfiguration, ours: Sight) -> list[float]:
    """Return how similar each picture of a batch is to the one before it, to the judge if there is one."""
    place = judge_of(c)
    if not place or len(ours["imagenet"][place]) < 2:
        return []
    drawn = ours["imagenet"][place]
    return similarity(drawn, drawn.roll(1, dims=0), mean_features(place).to(drawn.device)).tolist()


def summary_row(names: Sequence[str], metrics: Sequence[Metrics]) -> dict[str, Any]:
    """Return {"mean", "std", "ci95", "per_image"} of one configuration."""
    summaries = {figure: summarise([m[figure] for m in metrics]) for figure in metrics[0]}
    return {
        "mean": {figure: summary[0] for figure, summary in summaries.items()},
        "std": {figure: summary[1] for figure, summary in summaries.items()},
        "ci95": {figure: summary[2] for figure, summary in summaries.items()},
        "per_image": [{"image": n} | m for n, m in zip(names, metrics, strict=True)],
    }
