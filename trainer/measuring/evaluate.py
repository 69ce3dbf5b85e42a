"""Measure every checkpoint on test photos and write results.json, the only source of shown figures."""

import fnmatch
import hashlib
import itertools
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from explorer.atomic_write import whole_file
from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import check_fingerprint, load_decoder, read_header
from explorer.configurations import (
    AnyConfiguration,
    EncoderFor,
    FusedConfiguration,
    configuration_of,
    encode,
    in_order,
    layers_of,
)
from explorer.decoders.fusion import Fused
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from explorer.measures.baselines import blur
from explorer.measures.metrics import Metrics, measure
from explorer.measures.pixels import mse, psnr_of_mse
from trainer.data.photos import report_photos
from trainer.measuring.costs import decoder_costs, encoder_costs
from trainer.measuring.protocols import Protocol, describe, protocol_spec
from trainer.measuring.statistics import compare, holm, summarise

BATCH = 4
COMPARED = ("psnr", "ssim", "lpips")
SUMMARY = ("mean", "std", "ci95", "per_image", "contributions")
log = logging.getLogger(__name__)


def evaluate(
    photos: Path,
    checkpoints: Path | Sequence[Path],
    only: str | None = None,
    earlier: Path | None = None,
    device: str | torch.device = "cpu",
    protocol: str = "project",
    progress_bar: bool = True,
) -> dict[str, Any]:
    """Return {"protocol", "baselines", "configurations", "comparisons"} of the checkpoints that match `only`.

    `checkpoints` is a folder or several; the first may bring encoder weights too. `only` is a part of
    their names or a pattern. Each photo is shortened to 256 pixels, its centre 224 reconstructed and compared
    as PROTOCOLS says. A checkpoint that cannot be used is logged and left out. Figures of the results file
    `earlier` that come from the very same checkpoint file are kept and only its costs are taken again; rows
    of checkpoints that are no longer there go. Raises UserError when nothing is left to measure, or when
    `earlier` has another protocol.
    """
    compared_with = protocol_spec(protocol)
    folders = [checkpoints] if isinstance(checkpoints, Path) else list(checkpoints)
    encoders: dict[tuple[str, str], FrozenEncoder] = {}

    def encoder_for(architecture: str, weights: str) -> FrozenEncoder:
        key = (architecture, weights)
        if key not in encoders:
            encoders[key] = FrozenEncoder(architecture, weights, device, folders[0])
        return encoders[key]

    ready: dict[AnyConfiguration, Path] = {}
    for folder in folders:
        ready |= Catalogue.scan(folder, any_target=True).entries
    pattern = only or "*"
    chosen = [
        c
        for c in in_order(ready)
        if (pattern in c.name or fnmatch.fnmatch(c.name, pattern)) and fits(ready[c], c, encoder_for)
    ]
    if not chosen:
        names = ", ".join(sorted(c.name for c in ready)) or "there is none"
        raise UserError(f"No ready checkpoint matches {pattern!r}. Ready: {names}.")
    named = list(report_photos(photos))
    names, photos01 = [name for name, _ in named], torch.stack([photo for _, photo in named])
    described = describe(compared_with, names, photos01)
    rows = {c: row for c, row in earlier_rows(earlier, described).items() if c in ready}
    digests = {c: hashlib.sha256(ready[c].read_bytes()).hexdigest()[:16] for c in chosen}
    decoders = {c: load_decoder(ready[c], device) for c in chosen}
    changed = [c for c in chosen if rows.get(c, {}).get("checkpoint") != digests[c]]
    measured: dict[AnyConfiguration, list[Metrics]] = {c: [] for c in changed}
    brought = {c: Contributions(c, decoders[c]) for c in changed if isinstance(c, FusedConfiguration)}
    with tqdm(total=len(names), unit="photo", disable=not progress_bar) as bar, torch.inference_mode():
        for batch in photos01.to(device).split(BATCH):
            targets = compared_with.target(batch)
            for weights in dict.fromkeys(c.weights for c in changed):
                mine = [c for c in changed if c.weights == weights]
                features = encode(encoder_for, weights, batch, {p for c in mine for p in c.sources})
                for c in mine:
                    inputs = c.inputs(features)
                    measured[c] += measure(decoders[c](inputs), targets)
                    if c in brought:
                        brought[c].add(inputs, targets)
            bar.update(len(batch))
    encoded: dict[tuple[Any, ...], Any] = {}  # the same for every decoder of a layer
    for c in chosen:
        if c in measured:
            figures = table_row(names, measured[c])
            if c in brought:
                figures["contributions"] = brought[c].rows([m.psnr for m in measured[c]])
        else:
            figures = {key: rows[c][key] for key in SUMMARY if key in rows[c]}
        target = read_header(ready[c]).recipe.get("target", "photo")
        encoding = (c.weights, c.sources)
        if encoding not in encoded:
            encoded[encoding] = encoder_costs(c.sources, c.weights, encoder_for, photos01[:1].to(device))
        features, spent = encoded[encoding]
        spent = decoder_costs(decoders[c], c.inputs(features)) | spent
        rows[c] = c.to_dict() | {"target": target, "checkpoint": digests[c]} | spent | figures
    tests = comparisons(rows)
    for c in rows:
        if isinstance(c, FusedConfiguration):
            rows[c] |= {"gain": gain(c, rows, tests)}
    return {
        "protocol": described,
        "baselines": [
            name | table_row(names, found)
            for name, found in baselines(photos01, compared_with, sorted({layer_size(c) for c in rows}))
        ],
        "configurations": [rows[c] for c in in_order(rows)],
        "comparisons": tests,
    }


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


def gain(
    c: FusedConfiguration, rows: Mapping[AnyConfiguration, Any], tests: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the paired comparison, in PSNR, with the best source alone, by the same decoder and loss.

    None when no source has such a decoder.
    """
    alone = [single for single in map(c.single, c.sources) if single in rows]
    if not alone:
        return None
    best = max(alone, key=lambda single: rows[single]["mean"]["psnr"])
    [test] = [
        test for test in tests if test["figure"] == "psnr" and {test["a"], test["b"]} == {c.name, best.name}
    ]
    sign = 1 if test["a"] == c.name else -1
    return {
        "over": best.to_dict(),
        "psnr": sign * test["difference"],
        "ci95": sorted(sign * end for end in test["ci95"]),
        "p_holm": test["p_holm"],
    }


def fits(path: Path, c: AnyConfiguration, encoder_for: EncoderFor) -> bool:
    """Whether a checkpoint was trained on the encoder weights here; if not, the log says so."""
    try:
        check_fingerprint(path, read_header(path), encoder_for)
    except UserError as error:
        log.warning("%s left out: %s", c.name, error)
        return False
    return True


def layer_size(c: AnyConfiguration) -> int:
    """Return the side of its grid, the finest of several."""
    return max(layer.size for layer in layers_of(c))


def baselines(photos01: Tensor, protocol: Protocol, sizes: list[int]) -> Iterator[tuple[dict, list[Metrics]]]:
    """Yield ({"baseline", "size"}, metrics of each photo) of what needs no features at all.

    "mean_photo" is the mean of the other photos; "blur" is the photo brought down to the grid of a layer, one
    colour a position, and up again; under another protocol than the project's, "photo" is the photo itself:
    the best that a perfect reconstruction can score.
    """
    others = (photos01.sum(dim=0) - photos01) / max(1, len(photos01) - 1)
    drawn = {("mean_photo", None): others}
    for size in sizes:
        drawn["blur", size] = blur(photos01, size)
    if protocol.name != "project":
        drawn["photo", None] = photos01
    with torch.inference_mode():
        for (name, size), pictures in drawn.items():
            found = []
            for ours, originals in zip(pictures.split(BATCH), photos01.split(BATCH), strict=True):
                found += measure(ours, protocol.target(originals))
            yield {"baseline": name, "size": size}, found


def comparisons(rows: Mapping[AnyConfiguration, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the paired test of every two configurations that `are_compared`, for each figure.

    Holm's correction is over all tests of a figure.
    """
    pairs = [pair for pair in itertools.combinations(in_order(rows), 2) if are_compared(*pair)]
    found = []
    for figure in COMPARED:
        values = {c: [photo[figure] for photo in row["per_image"]] for c, row in rows.items()}
        tests = [compare(values[a], values[b]) for a, b in pairs]
        corrected = holm([p for _, _, p in tests])
        for (a, b), (difference, interval, p), p_holm in zip(pairs, tests, corrected, strict=True):
            found.append(
                {"a": a.name, "b": b.name, "figure": figure, "difference": difference}
                | {"ci95": interval, "p": p, "p_holm": p_holm}
            )
    return found


def are_compared(a: AnyConfiguration, b: AnyConfiguration) -> bool:
    """Whether two configurations decode the same features, or one of them a part by the same decoder."""
    if a.weights != b.weights:
        return False
    shared = set(a.sources) & set(b.sources)
    same_decoder = (a.decoder, a.loss) == (b.decoder, b.loss)
    return set(a.sources) == set(b.sources) or (
        same_decoder and len(shared) == min(len(a.sources), len(b.sources)) == 1
    )


def table_row(names: list[str], metrics: list[Metrics]) -> dict[str, Any]:
    """Return {"mean", "std", "ci95", "per_image"} of one configuration."""
    summaries = {figure: summarise([m[figure] for m in metrics]) for figure in metrics[0]}
    return {
        "mean": {figure: summary[0] for figure, summary in summaries.items()},
        "std": {figure: summary[1] for figure, summary in summaries.items()},
        "ci95": {figure: summary[2] for figure, summary in summaries.items()},
        "per_image": [{"image": n} | m for n, m in zip(names, metrics, strict=True)],
    }


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write the results whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(results, indent=1) + "\n")


def earlier_rows(path: Path | None, protocol: dict[str, Any]) -> dict[AnyConfiguration, dict[str, Any]]:
    """Return the rows that a results file already holds, by configuration; none if there is no file.

    Raises UserError when it holds results of other photos or another protocol, or is no results file.
    """
    if path is None or not path.exists():
        return {}
    try:
        earlier = json.loads(path.read_text())
        rows = {configuration_of(row): row for row in earlier["configurations"]}
    except (ValueError, KeyError, TypeError, UserError) as error:
        raise UserError(f"{path} is not a results file: choose another --out.") from error
    if earlier["protocol"] != protocol:
        raise UserError(f"{path} holds results of other photos or another protocol: choose another --out.")
    return rows
