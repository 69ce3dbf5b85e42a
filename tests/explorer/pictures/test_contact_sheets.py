"""The drawn contact sheet shows each reconstruction pixel by pixel, below the original and the blur."""

import numpy as np
import pytest

from explorer.configurations import Configuration
from explorer.pictures import contact_sheets
from explorer.pictures.contact_sheets import CAPTION, GAP, LABELS, MARGIN, SIDE, blurred, draw_contact_sheet
from explorer.reconstruction import ContactSheet


@pytest.fixture(scope="module")
def sheet(explorer, cat):
    row = [Configuration("vgg16", layer, "linear", "mse") for layer in ("block1", "block3")]
    found = explorer.reconstruct(cat, row[0])
    return ContactSheet(found.photo, [row], {row[0]: found})


def cell(drawn, column: int, row: int):
    """The picture in a place of the drawn table, whose last row is the last but the margin."""
    x = MARGIN + LABELS + column * (SIDE + GAP)
    y = drawn.height - MARGIN - (2 - row) * (SIDE + CAPTION + GAP)
    return drawn.crop((x, y, x + SIDE, y + SIDE))


def test_every_picture_stands_in_its_place(sheet):
    drawn = draw_contact_sheet(sheet)
    [found] = sheet.found.values()
    assert np.array_equal(cell(drawn, 0, 1), found.reconstruction)
    for column, size in enumerate((112, 28)):
        assert np.array_equal(cell(drawn, column, 0), blurred(found.photo, size)[0])
    original = drawn.crop((MARGIN + LABELS, MARGIN, MARGIN + LABELS + SIDE, MARGIN + SIDE))
    assert np.array_equal(original, found.original)


def test_a_place_without_a_decoder_is_grey_and_says_so(sheet):
    empty = cell(draw_contact_sheet(sheet), 1, 1)
    colours = dict((colour, count) for count, colour in empty.getcolors(SIDE * SIDE))
    grey = tuple(bytes.fromhex(contact_sheets.NOTHING[1:]))
    assert 0.9 < colours[grey] / SIDE**2 < 1
