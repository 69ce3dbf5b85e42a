"""The comparison of decoders that were trained alike, as it is read from its file."""

import json
import logging

import pytest

from explorer.results.alike import Alike, Count, split_size

TRAINED = {"parameters": 690_000, "steps": 200, "seeds": [42, 43]}


def row(decoder: str, psnr: float, over: float | None = None, p: float = 0.001, **more) -> dict:
    """Return a row of VGG16 block3 for mse, whose LPIPS is 1 - PSNR / 100; `over` the simple one in dB."""
    test = None
    if over is not None:
        test = {"difference": over, "ci95": [over - 0.1, over + 0.1], "p_holm": p}
    lpips = test and test | {"difference": -over / 100, "ci95": [-over / 100] * 2}
    means = {"psnr": psnr, "ssim": 0.5, "lpips": 1 - psnr / 100}
    return {
        **{"architecture": "vgg16", "layer": "block3", "decoder": decoder, "loss": "mse"},
        **{"weights": "imagenet", "mean": means, "by_seed": {"psnr": [psnr - 0.2, psnr + 0.2]}},
        **{"over_simple": test and {"psnr": test, "ssim": test, "lpips": lpips}},
        **TRAINED,
        **more,
    }


def alike(*rows: dict) -> Alike:
    return Alike.of({"protocol": {"photos": 6}, "rows": list(rows)})


def test_decoders_of_one_size_stand_in_a_line_the_simple_one_first():
    found = alike(
        row("attention@1M", 20.0, 1.0),
        row("transposed_conv@1M", 19.0, parameters=980_000),
        row("wavelet", 18.0, -0.5, parameters=310_000),
        row("transposed_conv", 18.5),
    )
    assert found.kinds == ["transposed_conv", "attention", "wavelet"]
    published, equal = found.lines
    assert (published.size, published.parameters, published.seeds) == ("", "0.31 to 0.69 M", 2)
    assert (equal.size, equal.parameters) == ("@1M", "0.69 to 0.98 M")
    assert published.best("psnr") == "transposed_conv" and equal.best("psnr") == "attention"
    assert published.rows["wavelet"].cell("psnr") == "18.00, -0.50 ± 0.10"
    assert published.rows["transposed_conv"].cell("psnr") == "18.50"
    assert found.spread == pytest.approx(0.4)


def test_lines_name_their_network_which_come_in_the_tables_order():
    random = {"architecture": "resnet34", "layer": "layer2", "weights": "random"}
    found = alike(row("transposed_conv", 15.0, **random), row("transposed_conv", 19.0))
    assert [line.name for line in found.lines] == ["VGG16 block3", "ResNet-34 layer2, random weights"]
    assert [line.best("psnr") for line in found.lines] == ["transposed_conv"] * 2


@pytest.mark.parametrize(
    ("others", "simple", "other"),
    [
        ([(-0.5, 0.001), (-0.2, 0.001)], 1, 0),
        ([(-0.5, 0.001), (-0.2, 0.2)], 0, 0),  # not proven of all
        ([(-0.5, 0.001), (0.2, 0.001)], 0, 1),
        ([(-0.5, 0.001), (0.2, 0.2)], 0, 0),
    ],
)
def test_only_what_is_proven_counts_whichever_way_is_better(others, simple, other):
    rows = [
        row(name, 18.5 + over, over, p)
        for name, (over, p) in zip(("attention", "wavelet"), others, strict=True)
    ]
    found = alike(row("transposed_conv", 18.5), *rows)
    assert found.count("psnr", "") == found.count("lpips", "") == Count(1, simple, other)
    assert found.count("psnr", "@1M") == Count(0, 0, 0)


def test_the_simple_decoder_alone_is_ahead_of_nobody():
    assert alike(row("transposed_conv", 18.5)).count("psnr", "") == Count(1, 0, 0)


def test_without_a_file_there_is_no_comparison(tmp_path, caplog):
    assert Alike.read(tmp_path / "none.json") == Alike() and not caplog.text
    (tmp_path / "list.json").write_text("[]")
    assert Alike.read(tmp_path / "list.json") == Alike()
    assert "it is no comparison of decoders" in caplog.text


@pytest.mark.parametrize(
    "broken",
    [
        {"layer": "<b>"},
        {"decoder": "wavelet@9M"},
        {"parameters": "many"},
        {"mean": {"psnr": float("nan")}},
        {"by_seed": {"psnr": []}},
        {"over_simple": {"psnr": {"difference": 1.0, "ci95": [0.5], "p_holm": 0.1}}},
        {"over_simple": {}},
    ],
    ids=repr,
)
def test_row_that_cannot_be_used_is_left_out_and_the_others_stay(tmp_path, caplog, broken):
    rows = [row("wavelet", 18.0, -0.5) | broken, row("transposed_conv", 18.5)]
    (tmp_path / "alike.json").write_text(json.dumps({"protocol": {"photos": 6}, "rows": rows}))
    with caplog.at_level(logging.WARNING):
        assert [row.kind for row in Alike.read(tmp_path / "alike.json").rows] == ["transposed_conv"]
    assert "row of the comparison left out" in caplog.text


def test_size_is_what_follows_the_kind():
    assert split_size("wavelet@1M") == ("wavelet", "@1M") and split_size("wavelet") == ("wavelet", "")
