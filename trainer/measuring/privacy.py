"""How recognisable a photo is from the features that split inference sends, by layer, bits and noise.

A phone that computes the first layers and sends their features to a server gives them to whoever listens.
Here the listener has this project's decoder, which is a lower bound: a better one may bring back more.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import load_decoder
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from explorer.experiments.bits import held_bits
from explorer.experiments.operations import Given
from explorer.experiments.surgery import operation_spec
from explorer.measures.agreement import CLASSIFIER
from explorer.measures.metrics import measure
from trainer.data.photos import report_photos
from trainer.measuring.protocols import describe, protocol_spec
from trainer.measuring.statistics import summarise

DECODER, LOSS = "pixel_shuffle", "mse"
SENT = [
    ("", 0.0),
    *(("quantise", float(bits)) for bits in (8, 4, 2, 1)),
    *(("noise", times) for times in (0.5, 1.0, 2.0)),
]
MEASURES = ("psnr", "ssim", "lpips", "found", "same_guess", "kilobytes")
BITS_PER_KB = 8000


@torch.inference_mode()
def measure_privacy(
    photos: Path,
    checkpoints: Path,
    architecture: str = CLASSIFIER,
    device: str | torch.device = "cpu",
    progress_bar: bool = True,
) -> dict[str, Any]:
    """Return {"protocol", "rows"}: a row for each layer with the decoder and each way to send its features.

    A row has "layer", "operation" and "strength" as in `explorer.experiments.surgery` (an empty operation:
    sent as they are), and "mean" and "ci95" of MEASURES. "found" is 1 for a reconstruction whose original is
    the nearest of all the photos, by the cosine of the classifier's outputs; "same_guess" is 1 where the
    classifier's first guess is that of the original; "kilobytes" estimate what is sent (`held_bits`).
    Raises UserError when no layer has the decoder.
    """
    catalogue = Catalogue.scan(checkpoints, only=f"{architecture}-*-{DECODER}-{LOSS}-imagenet")
    ready = {c.layer: c for c in catalogue.single}
    encoder = FrozenEncoder(architecture, "imagenet", device, checkpoints)
    classifier = FrozenEncoder(CLASSIFIER, "imagenet", device, checkpoints)
    layers = [name for name in encoder.spec.layer_names if name in ready]
    if not layers:
        raise UserError(f"No layer of {architecture} has the decoder {DECODER} ({LOSS}): train it first.")
    names, photos01 = report_photos(photos)
    photos01 = photos01.to(device)
    seen = torch.cat([classifier.logits(photo01) for photo01 in photos01.split(1)])
    rows = []
    with tqdm(total=len(layers) * len(SENT), unit="row", disable=not progress_bar) as bar:
        for layer in layers:
            decoder = load_decoder(catalogue.entries[ready[layer]], device)
            features = [encoder(photo01, [layer])[layer] for photo01 in photos01.split(1)]
            for operation, strength in SENT:
                found = list(_sent(photos01, features, decoder, classifier, seen, operation, strength))
                rows.append(asdict(ready[layer]) | _summary(found, operation, strength))
                bar.update()
    protocol = describe(protocol_spec("project"), names, photos01)
    return {"protocol": protocol, "classifier": CLASSIFIER, "rows": rows}


def _sent(
    photos01: Tensor,
    features: list[Tensor],
    decoder: torch.nn.Module,
    classifier: FrozenEncoder,
    seen: Tensor,
    operation: str,
    strength: float,
) -> Iterator[dict[str, float]]:
    """Yield the measures of each photo, whose features are sent and decoded."""
    given = Given(decoder.feature_mean, decoder.feature_std)
    for number, own in enumerate(features):
        sent, bits = own, held_bits(own)
        if operation:
            operated = operation_spec(operation).apply(own, strength, given)
            sent, bits = operated.features, operated.bits
        drawn01 = decoder(sent)
        logits = classifier.logits(drawn01)
        metrics = measure(drawn01, photos01[number : number + 1])[0]
        yield {
            "psnr": metrics.psnr,
            "ssim": metrics.ssim,
            "lpips": metrics.lpips,
            "found": float(F.cosine_similarity(seen, logits).argmax().item() == number),
            "same_guess": float(logits.argmax().item() == seen[number].argmax().item()),
            "kilobytes": bits / BITS_PER_KB,
        }


def _summary(found: list[dict[str, float]], operation: str, strength: float) -> dict[str, Any]:
    summaries = {key: summarise([row[key] for row in found]) for key in MEASURES}
    return {
        "operation": operation,
        "strength": strength,
        "mean": {key: summary[0] for key, summary in summaries.items()},
        "ci95": {key: summary[2] for key, summary in summaries.items()},
    }
