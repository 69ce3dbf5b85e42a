"""Measure every checkpoint on test photos and write results.json, the only source of shown figures."""

import fnmatch
import hashlib
import json
import logging
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints import Catalogue, Configuration, load_decoder, read_header
from explorer.encoders import FrozenEncoder
from explorer.errors import UserError
from explorer.metrics import Metrics, measure
from trainer.data import report_photos
from trainer.statistics import summarise

BATCH = 4
FIGURES = [field.name for field in fields(Metrics)]
log = logging.getLogger(__name__)


def evaluate(
    photos: Path,
    checkpoints: Path,
    only: str | None = None,
    earlier: Path | None = None,
    device: str | torch.device = "cpu",
    progress_bar: bool = True,
) -> dict[str, Any]:
    """Return {"protocol", "configurations"} for the ready checkpoints whose name has or matches `only`.

    Each photo is shortened to 256 pixels, its centre 224 reconstructed, and compared in [0, 1]. A checkpoint
    that cannot be used is logged and left out. Rows of the results file `earlier` that are not measured again
    are kept. Raises UserError when nothing is left to measure, or when `earlier` has another protocol.
    """
    encoders: dict[tuple[str, str], FrozenEncoder] = {}

    def encoder_for(architecture: str, weights: str) -> FrozenEncoder:
        key = (architecture, weights)
        if key not in encoders:
            encoders[key] = FrozenEncoder(architecture, weights, device, checkpoints)
        return encoders[key]

    catalogue = Catalogue.scan(checkpoints, encoder_for)
    pattern = only or "*"
    chosen = [c for c in sorted(catalogue.entries) if pattern in c.name or fnmatch.fnmatch(c.name, pattern)]
    if not chosen:
        names = ", ".join(sorted(c.name for c in catalogue.entries)) or "there is none"
        raise UserError(f"No ready checkpoint matches {pattern!r}. Ready: {names}.")
    decoders = {c: load_decoder(catalogue.entries[c], device) for c in chosen}
    named = list(report_photos(photos))
    names, photos01 = [name for name, _ in named], torch.stack([photo for _, photo in named])
    described = protocol(names, photos01)
    rows = earlier_rows(earlier, described)
    measured: dict[Configuration, list[Metrics]] = {c: [] for c in chosen}
    with tqdm(total=len(names), unit="photo", disable=not progress_bar) as bar, torch.inference_mode():
        for batch in photos01.to(device).split(BATCH):
            for key, encoder in encoders.items():
                mine = [c for c in chosen if (c.architecture, c.weights) == key]
                features = encoder(batch, {c.layer for c in mine})
                for c in mine:
                    measured[c] += measure(decoders[c](features[c.layer]), batch)
            bar.update(len(batch))
    for c in chosen:
        parameters = {"parameters": read_header(catalogue.entries[c]).parameters}
        rows[c] = asdict(c) | parameters | table_row(names, measured[c])
    return {"protocol": described, "configurations": [rows[c] for c in sorted(rows)]}


def protocol(names: list[str], photos01: Tensor) -> dict[str, Any]:
    """Return how the figures were made, and of which photos."""
    pixels = (photos01 * 255).round().byte().numpy().tobytes()
    return {
        "photos": len(names),
        "photos_digest": hashlib.sha256("\n".join(names).encode() + pixels).hexdigest()[:16],
        "size": photos01.shape[-1],
        "crop": "short side 256, centre 224",
        "range": "photo and reconstruction in [0, 1]",
        "psnr": "dB, peak 1, per photo",
        "ssim": "7x7 uniform window, data range 1, mean of channels (scikit-image defaults)",
        "lpips": "official package 0.1, net='alex'",
        "interval": "95 % percentile bootstrap of the mean over photos, 10,000 resamples",
    }


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


def markdown_table(results: dict[str, Any]) -> str:
    """Return one line a configuration: name, parameters, mean PSNR with its interval, SSIM, LPIPS."""
    lines = [
        "| architecture | layer | decoder | loss | parameters | PSNR dB (95 % interval) | SSIM | LPIPS |",
        "| --- | --- | --- | --- | ---: | --- | --- | --- |",
    ]
    for row in results["configurations"]:
        mean, (low, high) = row["mean"], row["ci95"]["psnr"]
        control = "" if row["weights"] == "imagenet" else f" ({row['weights']} weights)"
        lines.append(
            f"| {row['architecture']}{control} | {row['layer']} | {row['decoder']} | {row['loss']} "
            f"| {row['parameters']:,} | {mean['psnr']:.2f} ({low:.2f} to {high:.2f}) "
            f"| {mean['ssim']:.3f} | {mean['lpips']:.3f} |"
        )
    return "\n".join(lines)
