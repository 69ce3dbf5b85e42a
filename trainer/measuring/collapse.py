"""Which decoders have failed: they draw no better than one flat colour, or the same for every photo."""

from collections.abc import Mapping, Sequence
from typing import Any

from explorer.configurations import AnyConfiguration, Configuration


def collapsed(c: AnyConfiguration, row: Mapping[str, Any], baselines: Sequence[Mapping[str, Any]]) -> str:
    """Return why a decoder must not be on offer, from its figures over the test photos; else nothing.

    It has to beat one flat colour, the photo's own mean, in PSNR and to the judge, and to draw pictures that
    are more like their photos than like each other.
    """
    mean = row["mean"]
    flat = next((x for x in baselines if x["baseline"] == "flat"), None)
    if flat and mean["psnr"] <= flat["mean"]["psnr"]:
        return "in PSNR its pictures are no better than one flat colour"
    if flat and "similarity" in mean and isinstance(c, Configuration):
        place = (c.architecture, c.layer, c.weights)
        here = [x["mean"] for x in flat["judged"] if (x["architecture"], x["layer"], x["weights"]) == place]
        if here and mean["similarity"] <= here[0]["similarity"]:
            return "to the judge its pictures are no better than one flat colour"
    if mean.get("similarity", 1) <= row.get("alike", -1):
        return "its pictures are more like each other than like their photos"
    return ""
