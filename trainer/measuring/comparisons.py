"""Which configurations are compared in pairs, and what an ensemble gains over its best source alone."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.configurations import AnyConfiguration, FusedConfiguration, in_order
from trainer.measuring.statistics import compare, holm

COMPARED = ("psnr", "ssim", "lpips", "feature_error", "similarity")
Rows = Mapping[AnyConfiguration, Mapping[str, Any]]


def comparisons(rows: Rows) -> list[dict[str, Any]]:
    """Return the paired test of every two configurations that `are_compared`, for each figure of both.

    Holm's correction is over all tests of a figure.
    """
    compared = [pair for pair in itertools.combinations(in_order(rows), 2) if are_compared(*pair)]
    found = []
    for figure in COMPARED:
        known = {c: row["per_image"] for c, row in rows.items() if figure in row["mean"]}
        values = {c: [photo[figure] for photo in photos] for c, photos in known.items()}
        pairs = [(a, b) for a, b in compared if a in known and b in known]
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


def gain(c: FusedConfiguration, rows: Rows, tests: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
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
