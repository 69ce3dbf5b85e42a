"""A contact sheet holds every decoder that is ready at every layer, and says where there is none."""

import pytest

from explorer import UserError
from explorer.contact_sheet import contact_sheet, sheet_rows
from explorer.wanted import NotWanted, wanted_while


def test_it_grows_by_a_row_and_holds_what_each_decoder_draws(explorer, cat):
    sheets = list(contact_sheet(explorer, cat, weights="random"))
    assert [sheet.share for sheet in sheets] == [0.5, 1.0]
    sheet = sheets[-1]
    ready = [c for c in explorer.catalogue().single if (c.architecture, c.weights) == ("vgg16", "random")]
    assert set(sheet.found) == set(ready)
    assert sheet.layers == [f"block{number}" for number in range(1, 6)]
    assert [row[0].decoder for row in sheet.rows] == ["linear", "transposed_conv"]
    c = ready[-1]
    alone = explorer.reconstruct(cat, c).metrics.psnr
    assert sheet.found[c].metrics.psnr == pytest.approx(alone, abs=0.01)
    told = sheet.to_dict()
    assert [row["psnr"] for row in told["cells"]] == [x.figures["psnr"] for x in sheet.found.values()]
    assert told["missing"] == []
    assert [c.decoder for c in sheets[0].missing] == ["transposed_conv"] * 5


def test_rows_go_through_the_registry_and_columns_from_shallow_to_deep(explorer):
    rows = sheet_rows(explorer.catalogue(), "vgg16", "imagenet")
    assert [c.layer for c in rows[0]] == ["block1", "block2", "block3", "block4", "block5"]
    ways = [(row[0].decoder, row[0].loss) for row in rows]
    assert len(set(ways)) == len(ways) and ways[0] == ("linear", "mse")
    assert all(len({(c.decoder, c.loss) for c in row}) == 1 for row in rows)


def test_a_network_without_a_decoder_gets_the_list_of_those_that_have_some(explorer, cat):
    with pytest.raises(
        UserError, match=r"no decoder of resnet50 with imagenet .*choose one of these: .*vgg16 \(imagenet\)"
    ):
        next(contact_sheet(explorer, cat, "resnet50"))
    with pytest.raises(UserError, match="unknown architecture"):
        next(contact_sheet(explorer, cat, "resnet5"))


def test_it_ends_when_it_is_not_wanted_any_more(explorer, cat):
    def left() -> None:
        raise NotWanted("gone")

    sheets = contact_sheet(explorer, cat, weights="random")
    next(sheets)
    with wanted_while(left), pytest.raises(NotWanted):
        next(sheets)
