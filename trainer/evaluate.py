"""Measure every checkpoint on test photos and write results.json, the only source of shown figures."""

import fnmatch
import hashlib
import itertools
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from explorer.baselines import blur
from explorer.checkpoints import Catalogue, Configuration, check_fingerprint, load_decoder, read_header
from explorer.encoders import FrozenEncoder, encoder_spec
from explorer.errors import UserError
from explorer.metrics import Metrics, measure
from trainer.costs import decoder_costs
from trainer.data import report_photos
from trainer.protocols import Protocol, describe, protocol_spec
from trainer.statistics import compare, holm, summarise

BATCH = 4
COMPARED = ("psnr", "ssim", "lpips")
SUMMARY = ("mean", "std", "ci95", "per_image")
FIGURES = [field.name for field in fields(Metrics)]
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

    ready: dict[Configuration, Path] = {}
    for folder in folders:
        ready |= Catalogue.scan(folder, any_target=True).entries
    pattern = only or "*"
    chosen = [
        c
        for c in sorted(ready)
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
    measured: dict[Configuration, list[Metrics]] = {c: [] for c in changed}
    with tqdm(total=len(names), unit="photo", disable=not progress_bar) as bar, torch.inference_mode():
        for batch in photos01.to(device).split(BATCH):
            targets = compared_with.target(batch)
            for key, encoder in encoders.items():
                mine = [c for c in changed if (c.architecture, c.weights) == key]
                features = encoder(batch, {c.layer for c in mine})
                for c in mine:
                    measured[c] += measure(decoders[c](features[c.layer]), targets)
            bar.update(len(batch))
    for c in chosen:
        encoder = encoders[c.architecture, c.weights]
        costs = decoder_costs(decoders[c], encoder, c.layer, photos01[:1].to(device))
        figures = table_row(names, measured[c]) if c in measured else {key: rows[c][key] for key in SUMMARY}
        target = read_header(ready[c]).recipe.get("target", "photo")
        rows[c] = asdict(c) | {"target": target, "checkpoint": digests[c]} | costs | figures
    return {
        "protocol": described,
        "baselines": [
            name | table_row(names, found)
            for name, found in baselines(photos01, compared_with, sorted({layer_size(c) for c in rows}))
        ],
        "configurations": [rows[c] for c in sorted(rows)],
        "comparisons": comparisons(rows),
    }


def fits(path: Path, c: Configuration, encoder_for: Callable[[str, str], FrozenEncoder]) -> bool:
    """Whether a checkpoint was trained on the encoder weights here; if not, the log says so."""
    try:
        check_fingerprint(path, read_header(path), encoder_for(c.architecture, c.weights))
    except UserError as error:
        log.warning("checkpoint left out: %s", error)
        return False
    return True


def layer_size(c: Configuration) -> int:
    return encoder_spec(c.architecture).layer(c.layer).size


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


def comparisons(rows: Mapping[Configuration, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the paired test of every two configurations of the same features, for each figure.

    Holm's correction is over all tests of a figure.
    """
    pairs = [
        (a, b)
        for a, b in itertools.combinations(sorted(rows), 2)
        if (a.architecture, a.layer, a.weights) == (b.architecture, b.layer, b.weights)
    ]
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


def table_row(names: list[str], metrics: list[Metrics]) -> dict[str, Any]:
    """Return {"mean", "std", "ci95", "per_image"} of one configuration."""
    summaries = {figure: summarise([getattr(m, figure) for m in metrics]) for figure in FIGURES}
    return {
        "mean": {figure: summary[0] for figure, summary in summaries.items()},
        "std": {figure: summary[1] for figure, summary in summaries.items()},
        "ci95": {figure: summary[2] for figure, summary in summaries.items()},
        "per_image": [{"image": n} | asdict(m) for n, m in zip(names, metrics, strict=True)],
    }


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write the results whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(results, indent=1) + "\n")
    os.replace(temporary, path)


def earlier_rows(path: Path | None, protocol: dict[str, Any]) -> dict[Configuration, dict[str, Any]]:
    """Return the rows that a results file already holds, by configuration; none if there is no file.

    Raises UserError when it holds results of other photos or another protocol, or is no results file.
    """
    if path is None or not path.exists():
        return {}
    try:
        earlier = json.loads(path.read_text())
        rows = {
            Configuration(*(row[f.name] for f in fields(Configuration))): row
            for row in earlier["configurations"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not a results file: choose another --out.") from error
    if earlier["protocol"] != protocol:
        raise UserError(f"{path} holds results of other photos or another protocol: choose another --out.")
    return rows
