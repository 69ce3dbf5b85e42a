"""Decoders that were trained alike: what each scores beside the simplest one, over photos and seeds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from explorer.checkpoints.files import load_decoder, read_header
from explorer.configurations import Configuration, in_order
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from explorer.results.alike import MEASURES, SIMPLE, split_size
from trainer.data.photos import report_photos
from trainer.measuring.checkpoints import choose, ready_checkpoints
from trainer.measuring.figures import measure_decoders
from trainer.measuring.protocols import describe, protocol_spec
from trainer.measuring.results_file import earlier_file
from trainer.measuring.statistics import compare, holm, summarise

SAME = ("steps", "batch", "crop", "lpips_window", "views", "ema", "gradient_clip", "schedule", "target")
PIXELS = replace(protocol_spec("project"), judged=False)


@dataclass(frozen=True)
class Run:
    """One decoder of one seed: how it was trained, its parameters, and each photo's figures by measure."""

    recipe: Mapping[str, Any]
    parameters: int
    figures: Mapping[str, list[float]]


Runs = dict[Configuration, list[Run]]


def measure_alike(
    photos: Path,
    folders: Sequence[Path],
    device: str | torch.device = "cpu",
    progress_bar: bool = True,
    earlier: Path | None = None,
) -> dict[str, Any]:
    """Return {"protocol", "rows"} of decoders in folders of checkpoints, each folder of one seed.

    A row is a configuration with its "parameters", "steps", "batch", "crop" and "seeds", the "mean" and
    "ci95" of MEASURES over photos (each photo's figure is its mean over seeds), the means "by_seed", and
    "over_simple": the paired difference to SIMPLE of the same size, layer and loss (None for itself), with
    its interval and the p-value of Wilcoxon's test after Holm's correction over all tests of the measure
    and network. Rows of other networks that the file `earlier` holds are kept.
    Raises UserError when decoders that are compared were not trained alike, or SIMPLE is not among them, and
    as `earlier_file` does.
    """
    names, photos01 = report_photos(photos)
    protocol = describe(PIXELS, names, photos01)
    before = earlier_file(earlier, protocol, by_network) or []
    check_alike(folders)
    runs: Runs = {}
    for folder in folders:
        for c, run in measured(folder, names, photos01.to(device), device, progress_bar).items():
            runs.setdefault(c, []).append(run)
    found = {measure: differences(runs, measure) for measure in MEASURES}
    measured_now = {(c.architecture, c.weights) for c in runs}
    rows = [row for network, row in before if network not in measured_now]
    for c in in_order(runs):
        first, over = runs[c][0], {m: found[m][c] for m in MEASURES if c in found[m]}
        trained = {key: first.recipe[key] for key in ("steps", "batch", "crop")}
        seeds = [run.recipe["seed"] for run in runs[c]]
        summaries = {m: summarise(over_seeds(runs[c], m)) for m in MEASURES}
        rows.append(
            c.to_dict()
            | {"parameters": first.parameters, **trained, "seeds": seeds}
            | {"mean": {m: summary[0] for m, summary in summaries.items()}}
            | {"ci95": {m: summary[2] for m, summary in summaries.items()}}
            | {"by_seed": {m: [statistics.fmean(run.figures[m]) for run in runs[c]] for m in MEASURES}}
            | {"over_simple": over or None}
        )
    return {"protocol": protocol, "rows": rows}


def measured(
    folder: Path,
    names: Sequence[str],
    photos01: torch.Tensor,
    device: str | torch.device,
    progress_bar: bool,
) -> dict[Configuration, Run]:
    """Measure the decoders of one folder."""

    @cache
    def encoder_for(architecture: str, weights: str) -> FrozenEncoder:
        return FrozenEncoder(architecture, weights, device, folder)

    chosen = {
        c: path
        for c, path in choose(ready_checkpoints([folder]), None, encoder_for).items()
        if isinstance(c, Configuration)
    }
    decoders = {c: load_decoder(path, device) for c, path in chosen.items()}
    figures = measure_decoders(decoders, names, photos01, PIXELS, encoder_for, progress_bar)
    return {
        c: Run(
            read_header(path).recipe,
            sum(p.numel() for p in decoders[c].parameters()),
            {m: [photo[m] for photo in figures[c]["per_image"]] for m in MEASURES},
        )
        for c, path in chosen.items()
    }


def check_alike(folders: Sequence[Path]) -> None:
    """Raise UserError unless every decoder was trained as the simple one of its size was, seed by seed."""
    recipes: dict[Configuration, list[Mapping[str, Any]]] = {}
    for folder in folders:
        for c, path in ready_checkpoints([folder]).items():
            if isinstance(c, Configuration):
                recipes.setdefault(c, []).append(read_header(path).recipe)
    for c, mine in recipes.items():
        simple = simple_of(c)
        if simple not in recipes:
            raise UserError(f"{c.name} has nothing to be compared with: {simple.name} is not there.")
        if len(mine) != len(recipes[simple]):
            raise UserError(f"{c.name} and {simple.name} were not trained with the same seeds.")
        for own, its in zip(mine, recipes[simple], strict=True):
            differ = [key for key in ("seed", *SAME) if own.get(key) != its.get(key)]
            if differ:
                raise UserError(f"{c.name} and {simple.name} were trained with another {differ[0]}.")


def simple_of(c: Configuration) -> Configuration:
    """Return the simplest decoder of the same size, for the same layer and loss."""
    _, size = split_size(c.decoder)
    return replace(c, decoder=SIMPLE + size)


def over_seeds(runs: Sequence[Run], measure: str) -> list[float]:
    """Return each photo's figure, the mean over seeds."""
    return np.mean([run.figures[measure] for run in runs], axis=0).tolist()


def by_network(earlier: Mapping[str, Any]) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    """Return the rows of an earlier comparison, each with its network and weights."""
    return [((row["architecture"], row["weights"]), row) for row in earlier["rows"]]


def differences(runs: Runs, measure: str) -> dict[Configuration, dict[str, Any]]:
    """Return how far each decoder is above the simple one of its network in a measure, over photos."""
    found: dict[Configuration, dict[str, Any]] = {}
    for network in dict.fromkeys((c.architecture, c.weights) for c in runs):
        own = {c: mine for c, mine in runs.items() if (c.architecture, c.weights) == network}
        found |= differences_of_network(own, measure)
    return found


def differences_of_network(runs: Runs, measure: str) -> dict[Configuration, dict[str, Any]]:
    others = [c for c in in_order(runs) if c != simple_of(c)]
    tests = [compare(over_seeds(runs[c], measure), over_seeds(runs[simple_of(c)], measure)) for c in others]
    corrected = holm([p for _, _, p in tests])
    return {
        c: {"difference": difference, "ci95": interval, "p_holm": p}
        for c, (difference, interval, _), p in zip(others, tests, corrected, strict=True)
    }
