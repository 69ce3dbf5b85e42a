"""One photo by every decoder at every layer, as one picture to print or to put into a paper."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

SIDE, GAP, LINE, MARGIN = 224, 8, 22, 190


def contact_sheet(
    original: Image.Image,
    columns: Sequence[str],
    rows: Sequence[str],
    cells: Mapping[tuple[str, str], tuple[Image.Image, str]],
    title: str,
) -> Image.Image:
    """Return the pictures of `cells`, (row, column) -> (224 x 224 picture, its caption), as a table.

    Names of columns stand above and names of rows at the left, below the original and the title. A cell that
    is not there is said to be missing.
    """
    width = MARGIN + len(columns) * (SIDE + GAP) + GAP
    top = GAP + SIDE + GAP + LINE
    height = top + len(rows) * (SIDE + LINE + GAP)
    sheet = Image.new("RGB", (max(width, MARGIN + SIDE + GAP + 500), height), "white")
    draw = ImageDraw.Draw(sheet)
    small, large = ImageFont.load_default(14), ImageFont.load_default(20)

    def write(x: int, y: int, said: str, font: ImageFont.FreeTypeFont = small) -> None:
        draw.text((x, y), said, "black", font, anchor="lm")

    sheet.paste(original, (MARGIN, GAP))
    write(MARGIN + SIDE + 2 * GAP, GAP + SIDE // 2, title, large)
    for i, column in enumerate(columns):
        write(MARGIN + i * (SIDE + GAP), top - LINE // 2, column)
    for j, row in enumerate(rows):
        y = top + j * (SIDE + LINE + GAP)
        for n, part in enumerate(row.split("\n")):
            write(GAP, y + SIDE // 2 + n * LINE, part)
        for i, column in enumerate(columns):
            x = MARGIN + i * (SIDE + GAP)
            if (row, column) in cells:
                picture, caption = cells[row, column]
                sheet.paste(picture, (x, y))
                write(x, y + SIDE + LINE // 2, caption)
            else:
                draw.rectangle((x, y, x + SIDE - 1, y + SIDE - 1), "#f5f5f4")
                draw.text((x + SIDE // 2, y + SIDE // 2), "no decoder", "#57534e", small, anchor="mm")
    return sheet
