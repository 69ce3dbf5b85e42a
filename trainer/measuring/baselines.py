"""What scores without any features: the mean photo, one flat colour, the blur of each grid."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from explorer.configurations import AnyConfiguration, Configuration, EncoderFor, layers_of
from explorer.measures.baselines import blur, flat
from explorer.measures.judges import weave
from explorer.measures.metrics import Metrics, measure
from trainer.measuring.figures import BATCH, judged_figures, see, summary_row
from trainer.measuring.protocols import Protocol

Rows = list[dict[str, Any]]


@torch.inference_mode()
def baselines(
    names: Sequence[str],
    photos01: Tensor,
    protocol: Protocol,
    configurations: Iterable[AnyConfiguration],
    judged: Iterable[AnyConfiguration],
    encoder_for: EncoderFor,
    earlier: Sequence[Mapping[str, Any]] = (),
) -> Rows:
    """Return a row, {"baseline", "size"} and what `summary_row` says, of what needs no features at all.

    "mean_photo" is the mean of the other photos, "flat" the photo's own mean colour, and "blur" the photo
    brought down to the grid of a layer, one colour a position, and up again; under another protocol than the
    project's, "photo" is the photo itself: the best that a perfect reconstruction can score. What judges say
    of flat colour and blur depends on the layer: "judged" has it for those of the `judged` configurations,
    {"architecture", "layer", "weights", "mean"}. What `earlier` rows of the same photos say is kept.
    """
    known = {(row["baseline"], row["size"]): row for row in earlier}
    rows = []
    for name, size in _asked(protocol, configurations):
        row = known.get((name, size))
        if row is None or (size and protocol.judged and "weave" not in row["mean"]):
            row = _row(name, size, names, photos01, protocol)
        rows.append(row)
    return _judged(rows, _places(judged), photos01, encoder_for) if protocol.judged else rows


def _asked(protocol: Protocol, configurations: Iterable[AnyConfiguration]) -> list[tuple[str, int | None]]:
    """Return the baselines; the blurs are of each grid once, of several layers the finest."""
    sizes = sorted({max(layer.size for layer in layers_of(c)) for c in configurations})
    own = [("flat", None)] if protocol.judged else [("photo", None)]
    return [("mean_photo", None), *own, *(("blur", size) for size in sizes)]


def _row(
    name: str, size: int | None, names: Sequence[str], photos01: Tensor, protocol: Protocol
) -> dict[str, Any]:
    found: list[Metrics] = []
    drawn01 = _drawn(name, size, photos01)
    for ours, originals in zip(drawn01.split(BATCH), photos01.split(BATCH), strict=True):
        measured = measure(ours, protocol.target(originals))
        if size and protocol.judged:
            woven = weave(ours, originals, size).tolist()
            measured = [Metrics(m | {"weave": w}) for m, w in zip(measured, woven, strict=True)]
        found += measured
    return {"baseline": name, "size": size} | summary_row(names, found)


def _drawn(name: str, size: int | None, photos01: Tensor) -> Tensor:
    if name == "mean_photo":
        return (photos01.sum(dim=0) - photos01) / max(1, len(photos01) - 1)
    if name == "blur":
        return blur(photos01, size)
    return flat(photos01) if name == "flat" else photos01


def _places(configurations: Iterable[AnyConfiguration]) -> list[Configuration]:
    """Return one configuration for each layer and kind of weights that is decoded alone."""
    return sorted(
        {
            (c.architecture, c.layer, c.weights): c for c in configurations if isinstance(c, Configuration)
        }.values()
    )


def _judged(rows: Rows, places: Sequence[Configuration], photos01: Tensor, encoder_for: EncoderFor) -> Rows:
    """Return the rows of flat colours and blurs with what judges say of them at those places that lack it."""
    missing: dict[int, list[Configuration]] = {}
    for number, row in enumerate(rows):
        judged = {(x["architecture"], x["layer"], x["weights"]) for x in row.get("judged", ())}
        here = [c for c in places if row["baseline"] == "flat" or layers_of(c)[0].size == row["size"]]
        if row["baseline"] in ("flat", "blur"):
            missing[number] = [c for c in here if (c.architecture, c.layer, c.weights) not in judged]
    asked = {c for mine in missing.values() for c in mine}
    figures: dict[tuple[int, Configuration], list[dict[str, float]]] = {}
    for originals in photos01.split(BATCH) if asked else ():
        theirs = see(asked, originals, encoder_for)
        for number, mine in missing.items():
            drawn01 = _drawn(rows[number]["baseline"], rows[number]["size"], originals)
            ours = see(mine, drawn01, encoder_for)
            for c in mine:
                figures.setdefault((number, c), []).extend(
                    judged_figures(c, drawn01, originals, ours, theirs)
                )
    found = [dict(row) for row in rows]
    for (number, c), mine in figures.items():
        mean = {key: fmean(m[key] for m in mine) for key in mine[0] if key != "weave"}
        where = {"architecture": c.architecture, "layer": c.layer, "weights": c.weights}
        found[number]["judged"] = [*found[number].get("judged", ()), where | {"mean": mean}]
    return found
