"""The contact sheet as one picture: a row a decoder, a column a layer, figures below each."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from explorer.configurations import Configuration
from explorer.decoders import LOSSES, decoder_spec
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.measures.baselines import blur, blur_metrics
from explorer.measures.metrics import METRICS, Metrics
from explorer.photos.photo import Photo
from explorer.photos.tensors import to_pil
from explorer.reconstruction import ContactSheet
from explorer.words import words

said = words("sheet")
SIDE, CAPTION, GAP, MARGIN, LABELS = 224, 26, 10, 24, 204  # pixels; SIDE is a reconstruction's own
INK, QUIET, NOTHING = "#1c1917", "#57534e", "#f0eeea"
FIGURE = METRICS["psnr"]
TOP = MARGIN + SIDE + 76  # of the first row
Cell = tuple[Image.Image, Metrics]


def draw_contact_sheet(sheet: ContactSheet) -> Image.Image:
    """Return a sheet as one RGB picture, each reconstruction pixel by pixel.

    Under each stand its PSNR (the best of a layer says so) and LPIPS; a place without a decoder says so, too.
    """
    c = sheet.rows[0][0]
    spec = encoder_spec(c.architecture)
    layers = [spec.layer(name) for name in sheet.layers]
    blurs = [blurred(sheet.photo, layer.size) for layer in layers]
    table = [([said.blur, said.no_network], blurs), *(labelled(sheet, row) for row in sheet.rows)]
    best = [
        max((cells[n][1].psnr for _, cells in table[1:] if cells[n]), default=None)
        for n in range(len(layers))
    ]

    columns = [MARGIN + LABELS + n * (SIDE + GAP) for n in range(len(layers))]
    size = (columns[-1] + SIDE + MARGIN, TOP + len(table) * (SIDE + CAPTION + GAP) + MARGIN)
    card = Image.new("RGB", (max(size[0], columns[0] + SIDE + 560), size[1]), "white")
    write = ImageDraw.Draw(card)
    card.paste(sheet.photo.crop, (columns[0], MARGIN))
    head = [
        (f"{spec.full_title}, {WEIGHTS[c.weights]}", 24, INK),
        (said.original, 15, QUIET),
        (said.drawn, 15, QUIET),
        (said.below.format(metric=FIGURE.name, unit=FIGURE.unit), 15, QUIET),
    ]
    lines(write, (columns[0] + SIDE + 16, MARGIN), head)
    for x, layer in zip(columns, layers, strict=True):
        maps = said.maps.format(channels=layer.channels, size=layer.size)
        lines(write, (x, TOP - 52), [(layer.name, 18, INK), (maps, 14, QUIET)])
    for number, (label, cells) in enumerate(table):
        y = TOP + number * (SIDE + CAPTION + GAP)
        lines(write, (MARGIN, y), [(label[0], 16, INK), (label[1], 14, QUIET)])
        for n, (x, cell) in enumerate(zip(columns, cells, strict=True)):
            if cell is None:
                write.rectangle((x, y, x + SIDE - 1, y + SIDE - 1), NOTHING)
                lines(write, (x + 12, y + 12), [(said.no_decoder, 14, QUIET)])
                continue
            picture, metrics = cell
            card.paste(picture, (x, y))
            figures = said.best_figures if number and metrics.psnr == best[n] else said.figures
            below = figures.format(psnr=FIGURE.with_unit(metrics.psnr), lpips=f"{metrics.lpips:.3f}")
            lines(write, (x, y + SIDE + 4), [(below, 14, INK)])
    return card


def labelled(sheet: ContactSheet, row: Sequence[Configuration]) -> tuple[list[str], list[Cell | None]]:
    """Return the two lines that a row is called by, and its cells."""
    found = [sheet.found.get(c) for c in row]
    label = [decoder_spec(row[0].decoder).title, said.trained_for.format(loss=LOSSES[row[0].loss].title)]
    return label, [x and (x.reconstruction, x.metrics) for x in found]


def blurred(photo: Photo, size: int) -> Cell:
    """Return the blur of a photo on a grid of `size` x `size`, as a picture, and its figures."""
    return to_pil(blur(photo.photo01[None], size)[0]), blur_metrics(photo.photo01, size)


def lines(write: ImageDraw.ImageDraw, at: tuple[int, int], texts: list[tuple[str, int, str]]) -> None:
    """Write lines of (text, size in pixels, colour) below each other."""
    x, y = at
    for text, size, colour in texts:
        write.text((x, y), text, colour, ImageFont.load_default(size))
        y += round(size * 1.45)
