"""Measure every checkpoint on test photos and return the results, the only source of shown figures."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from explorer.checkpoints.files import load_decoder, read_header
from explorer.configurations import AnyConfiguration, EncoderFor, FusedConfiguration, in_order
from explorer.decoders import Decoder
from explorer.encoders.frozen import FrozenEncoder
from trainer.data.photos import report_photos
from trainer.measuring.baselines import baselines
from trainer.measuring.checkpoints import choose, identity, ready_checkpoints
from trainer.measuring.collapse import collapsed
from trainer.measuring.comparisons import comparisons, gain
from trainer.measuring.costs import decoder_costs, encoder_costs
from trainer.measuring.figures import measure_decoders
from trainer.measuring.protocols import Protocol, describe, protocol_spec
from trainer.measuring.results_file import earlier_results

KEPT = (
    "mean",
    "std",
    "ci95",
    "per_image",
    "alike",
    "contributions",
)  # figures of a checkpoint that did not change


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
    `earlier` that come from the very same checkpoint file and code are kept and only its costs are taken
    again; rows of checkpoints that are no longer there go. Raises UserError when nothing is left to measure,
    or when `earlier` has another protocol.
    """
    compared_with = protocol_spec(protocol)
    folders = [checkpoints] if isinstance(checkpoints, Path) else list(checkpoints)

    @cache
    def encoder_for(architecture: str, weights: str) -> FrozenEncoder:
        return FrozenEncoder(architecture, weights, device, folders[0])

    ready = ready_checkpoints(folders)
    chosen = choose(ready, only, encoder_for)
    names, photos01 = report_photos(photos)
    described = describe(compared_with, names, photos01)
    before, kept = earlier_results(earlier, described)
    rows = {c: row for c, row in before.items() if c in ready}
    measured_of = {c: identity(c, path) for c, path in chosen.items()}
    decoders = {c: load_decoder(path, device) for c, path in chosen.items()}
    changed = {c: decoders[c] for c in chosen if not _is_known(rows.get(c), measured_of[c], compared_with)}
    figures = {c: {key: row[key] for key in KEPT if key in row} for c, row in rows.items()}
    figures |= measure_decoders(changed, names, photos01.to(device), compared_with, encoder_for, progress_bar)
    spent = costs(decoders, photos01[:1].to(device), encoder_for)
    for c, path in chosen.items():
        target = read_header(path).recipe.get("target", "photo")
        rows[c] = c.to_dict() | {"target": target, "checkpoint": measured_of[c]} | spent[c] | figures[c]
    judged = [c for c, row in rows.items() if "similarity" in row["mean"]]
    known = baselines(names, photos01.to(device), compared_with, rows, judged, encoder_for, kept)
    rows = {c: row | {"collapsed": collapsed(c, row, known)} for c, row in rows.items()}
    tests = comparisons(rows)
    for c in rows:
        if isinstance(c, FusedConfiguration):
            rows[c] |= {"gain": gain(c, rows, tests)}
    return {
        "protocol": described,
        "baselines": known,
        "configurations": [rows[c] for c in in_order(rows)],
        "comparisons": tests,
    }


def _is_known(row: Mapping[str, Any] | None, checkpoint: str, protocol: Protocol) -> bool:
    """Whether a row has all figures of the very same checkpoint file."""
    return (
        bool(row) and row.get("checkpoint") == checkpoint and (not protocol.judged or "weave" in row["mean"])
    )


def costs(
    decoders: Mapping[AnyConfiguration, Decoder], photo01: torch.Tensor, encoder_for: EncoderFor
) -> dict[AnyConfiguration, dict[str, Any]]:
    """Return what a reconstruction by each decoder costs; encoding is timed once for all that share it."""
    encoded = cache(lambda sources, weights: encoder_costs(sources, weights, encoder_for, photo01))
    found = {}
    for c, decoder in decoders.items():
        features, spent = encoded(c.sources, c.weights)
        found[c] = decoder_costs(decoder, c.inputs(features)) | spent
    return found
