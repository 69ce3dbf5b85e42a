"""Published autoencoders on frozen features beside this project's decoders of like features, as Markdown."""

from pathlib import Path

from explorer.checkpoints.files import read_header
from explorer.configurations import configuration_of, place_title
from explorer.results.published import AUTOENCODERS, Autoencoder
from trainer.reporting.tables import NOTHING, NUMBER, TEXT, Results, Row, best_of, table

COLUMNS = {
    "": TEXT,
    "features": TEXT,
    "decoder": TEXT,
    "M parameters": NUMBER,
    "trained on photos": NUMBER,
    "PSNR, dB": NUMBER,
    "LPIPS": NUMBER,
}


def autoencoders_table(results: Results, checkpoints: Path) -> str:
    """Return a line for each printed figure, and below it those of ours that are best in PSNR and LPIPS.

    The folder `checkpoints` has the decoders that were measured: their headers say on what they were trained.
    """
    lines = []
    for printed in AUTOENCODERS:
        lines.append(
            [
                *(printed.title, printed.features, printed.decoder or NOTHING, NOTHING),
                *(printed.photos or NOTHING, f"{printed.psnr:.1f}", NOTHING),
            ]
        )
        lines += [["ours", *line] for line in our_lines(printed, results, checkpoints)]
    return table(COLUMNS, lines)


def our_lines(printed: Autoencoder, results: Results, checkpoints: Path) -> list[list[str]]:
    """Return the rows of a printed figure's sources: the best by PSNR, and by LPIPS where that is another."""
    rows = [
        row
        for row in results["configurations"]
        if sorted(configuration_of(row).sources) == sorted(printed.sources) and row["weights"] == "imagenet"
    ]
    if not rows:
        return []
    best = {id(row): row for row in (best_of(rows, "psnr"), best_of(rows, "lpips"))}
    return [
        [
            place_title(configuration_of(row).sources),
            f"{row['decoder']} ({row['loss']})",
            f"{row['parameters'] / 1e6:.2f}",
            trained_on(row, checkpoints),
            f"{row['mean']['psnr']:.2f}",
            f"{row['mean']['lpips']:.3f}",
        ]
        for row in best.values()
    ]


def trained_on(row: Row, checkpoints: Path) -> str:
    """Return the number of photos that a row's decoder was trained on."""
    header = read_header(checkpoints / "decoders" / f"{configuration_of(row).name}.safetensors")
    return f"{header.data['train_photos']:,}"
