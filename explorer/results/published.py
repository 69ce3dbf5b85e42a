"""Published figures of feature inversion beside this project's."""

from dataclasses import dataclass

from explorer.configurations import Place
from explorer.results.measured import Results
from explorer.results.rows import Row


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


@dataclass(frozen=True)
class Autoencoder:
    """A printed PSNR, dB, of an autoencoder whose encoder is frozen, and what it was made with.

    `sources` are this project's layers that come nearest to its. What is not known is empty.
    """

    title: str
    psnr: float
    features: str
    decoder: str
    photos: str
    sources: tuple[Place, ...]


AUTOENCODERS = (
    Autoencoder(
        "RAE",
        18.9,
        "DINOv2 ViT-B, last layer",
        "ViT-XL",
        "1.28 million",
        (("dinov2_small", "block11"),),
    ),
    Autoencoder(
        "DecQ",
        22.8,
        "DINOv2 ViT-B, last layer and layers 0, 3, 6, 9",
        "",
        "",
        tuple(("dinov2_small", layer) for layer in ("block2", "block5", "block8", "block11")),
    ),
)


@dataclass(frozen=True)
class Beside:
    """A printed figure beside this project's: PSNR in dB, None where nothing was measured.

    `ours` is the best at the same layer (at any where the study names none), measured against the photo, and
    `decoder` names it; `their_way` is the best of those trained to draw the photo, measured as the studies
    did, and `their_target` of those trained to draw what they compared with. The ensemble stands beside
    fused rows.
    """

    title: str
    published: float
    published_ssim: float | None
    ours: float | None
    decoder: str | None
    their_way: float | None
    their_target: float | None


def beside_ours(project: Results, published: Results) -> list[Beside]:
    """Return each printed figure beside this project's; `published` are results of the studies' protocol."""
    found = []
    for figure in PUBLISHED:
        ours = _best(project, figure, "photo")
        their_way, their_target = (_best(published, figure, target) for target in ("photo", "normalised"))
        found.append(
            Beside(
                title=figure.title,
                published=figure.psnr,
                published_ssim=figure.ssim,
                ours=ours and ours.mean["psnr"],
                decoder=ours and _decoder(ours),
                their_way=their_way and their_way.mean["psnr"],
                their_target=their_target and their_target.mean["psnr"],
            )
        )
    return found


def _best(results: Results, figure: PublishedFigure, target: str) -> Row | None:
    rows = [
        row
        for row in results.select(figure.architecture, layer=figure.layer, weights="imagenet")
        if row.target == target and row.fused == (figure.architecture is None)
    ]
    return max(rows, key=lambda row: row.mean["psnr"], default=None)


def _decoder(row: Row) -> str:
    return f"{row.layer} {row.configuration.decoder} ({row.configuration.loss})"
