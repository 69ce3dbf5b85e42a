"""Published figures of feature inversion beside this project's, and why they cannot be compared directly."""

from dataclasses import dataclass
from typing import Any

from explorer.results.measured import Results

SOURCE = (
    "The best figures of two published studies of feature inversion, on DIV2K photos of 224 pixels. They are "
    "repeated as printed and were not measured here; this project's photos are others."
)


@dataclass(frozen=True)
class PublishedFigure:
    """One printed figure: PSNR in dB, SSIM where it is known; `layer` is None where the study names none."""

    title: str
    psnr: float
    ssim: float | None = None
    architecture: str | None = None
    layer: str | None = None


PUBLISHED = (
    PublishedFigure("Best ensemble", 17.65),
    PublishedFigure("VGG16 block1", 17.43, 0.565, "vgg16", "block1"),
    PublishedFigure("VGG16 block3", 12.71, 0.32, "vgg16", "block3"),
    PublishedFigure("VGG16 block5", 12.26, 0.27, "vgg16", "block5"),
    PublishedFigure("ResNet-34 layer1", 15.7, None, "resnet34", "layer1"),
    PublishedFigure("ViT-S", 15.45, None, "vit_small"),
    PublishedFigure("PVT-v2-B2", 16.54, None, "pvt_v2_b2"),
)


def reason_for_the_gap(published: Results) -> str:
    """Return in one sentence why the printed figures are low.

    `published` are results of the published protocol, from which the score of a perfect reconstruction is.
    """
    perfect = published.perfect("psnr")
    measured = (
        "" if perfect is None else f"; measured that way, even a perfect one scores only {perfect:.2f} dB"
    )
    return (
        "The studies compared their reconstruction not with the photo, but with the photo as normalised for "
        f"the network and clipped to [0, 1]{measured}."
    )


def beside_ours(project: Results, published: Results) -> list[dict[str, Any]]:
    """Return a row for each printed figure: PSNR in dB as printed, and of this project's decoders.

    "ours" is the best at the same layer (at any where the study names none), measured against the photo, and
    "decoder" names it; "their_way" is the best of those trained to draw the photo, measured as the studies
    did, and "their_target" of those trained to draw what they compared with. None where nothing was measured.
    The ensemble stands beside fused rows.
    """
    found = []
    for figure in PUBLISHED:
        ours = _best(project, figure, "photo")
        their_way, their_target = (_best(published, figure, target) for target in ("photo", "normalised"))
        found.append(
            {
                "title": figure.title,
                "published": figure.psnr,
                "published_ssim": figure.ssim,
                "ours": ours and ours["mean"]["psnr"],
                "decoder": ours and f"{ours['layer']} {ours['decoder']} ({ours['loss']})",
                "their_way": their_way and their_way["mean"]["psnr"],
                "their_target": their_target and their_target["mean"]["psnr"],
            }
        )
    return found


def _best(results: Results, figure: PublishedFigure, target: str) -> dict[str, Any] | None:
    rows = [
        row
        for row in results.table(weights="imagenet")
        if row["target"] == target
        and figure.architecture in (row["architecture"], None)
        and figure.layer in (row["layer"], None)
        and row["fused"] == (figure.architecture is None)
    ]
    return max(rows, key=lambda row: row["mean"]["psnr"], default=None)
