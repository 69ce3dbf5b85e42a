import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from explorer.__main__ import main, parser
from explorer.configurations import Configuration
from explorer.pictures.contact_sheets import CAPTION, GAP, LABELS, MARGIN, SIDE, TOP
from tests.serving import ROOT

KEYS = {
    *("architecture", "layer", "decoder", "loss", "weights"),
    *("psnr", "ssim", "lpips", "mse", "feature_error", "similarity", "weave", "seconds", "files"),
}


def last_line(capsys) -> dict:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_defaults_of_python_and_the_command_line_are_those_of_the_api():
    asked = parser().parse_args(["reconstruct", "photo.jpg", "--out", "out"])
    typed = [asked.architecture, asked.layer, asked.decoder, asked.loss, asked.weights]
    documented = ["vgg16", "block1", "transposed_conv", "hybrid", "imagenet"]
    assert list(vars(Configuration()).values()) == typed == documented


def test_reconstruct_writes_three_pictures_and_prints_the_figures(cat, tmp_path, capsys):
    arguments = ["--architecture", "vgg16", "--layer", "block1", "--decoder", "transposed_conv"]
    assert (
        main(["reconstruct", str(cat), *arguments, "--loss", "hybrid", "--out", str(tmp_path), "--json"]) == 0
    )
    found = last_line(capsys)
    assert found.keys() == KEYS | {"standing", "agreement"}
    assert found["standing"]["size"] == 112
    assert found["files"].keys() == {"original", "reconstruction", "error"}
    assert all(Image.open(path).size == (224, 224) for path in found["files"].values())
    assert 26 < found["psnr"] < 40


def test_depth_prints_every_layer_shallow_to_deep(cat, tmp_path, capsys):
    assert main(["depth", str(cat), "--decoder", "linear", "--out", str(tmp_path), "--json"]) == 0
    layers = last_line(capsys)["layers"]
    assert [row["layer"] for row in layers] == ["block1", "block2", "block3", "block4", "block5"]
    assert all(row.keys() == KEYS for row in layers)
    assert len({row["files"]["reconstruction"] for row in layers}) == 5


def test_sheet_shows_every_decoder_at_every_layer(cat, tmp_path, capsys, explorer):
    assert (
        main(["sheet", str(cat), "--architecture", "vgg16", "--weights", "random", "--out", str(tmp_path)])
        == 0
    )
    assert "10 pictures" in capsys.readouterr().out  # linear and transposed_conv, of five layers
    x, y = MARGIN + LABELS, TOP + SIDE + CAPTION + GAP  # below the blur
    with Image.open(tmp_path / "sheet.png") as sheet:
        linear = sheet.convert("RGB").crop((x, y, x + SIDE, y + SIDE))
    expected = explorer.reconstruct(
        cat, architecture="vgg16", layer="block1", decoder="linear", weights="random"
    )
    assert np.array_equal(np.asarray(linear), np.asarray(expected.reconstruction))
    assert main(["sheet", str(cat), "--architecture", "resnet34", "--out", str(tmp_path)]) == 2
    assert "There is no decoder of resnet34 with imagenet weights" in capsys.readouterr().err


def test_features_writes_every_page_and_the_channel_table(cat, tmp_path):
    assert main(["features", str(cat), "--layer", "block2", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "vgg16-block2-channels.csv",
        "vgg16-block2-features-01.png",
        "vgg16-block2-features-02.png",
    ]
    with (tmp_path / "vgg16-block2-channels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 128
    assert float(rows[0]["rms"]) >= float(rows[-1]["rms"])


def test_surgery_writes_before_and_after_and_prints_the_figures_of_both(cat, tmp_path, capsys):
    arguments = ["--operation", "quantise", "--strength", "3", "--layer", "block2", "--decoder", "linear"]
    assert main(["surgery", str(cat), *arguments, "--out", str(tmp_path), "--json"]) == 0
    found = last_line(capsys)
    assert (found["operation"], found["strength"], found["layer"]) == ("quantise", 3, "block2")
    assert found["before"]["psnr"] > found["after"]["psnr"] > 15
    assert found["bits_before"] > 2 * found["bits_after"]
    assert found["files"].keys() == {"original", "before", "after", "error"}
    pictures = {name: Image.open(path).tobytes() for name, path in found["files"].items()}
    assert len(set(pictures.values())) == 4


def test_surgery_takes_a_mask_and_a_second_photo(cat, tmp_path, capsys):
    mask = Image.new("L", (224, 224))
    mask.paste(255, (0, 0, 112, 224))
    mask.save(tmp_path / "mask.png")
    for arguments in (["mask", "--mask", str(tmp_path / "mask.png")], ["swap", "--other", str(cat)]):
        assert main(["surgery", str(cat), "--out", str(tmp_path), "--json", "--operation", *arguments]) == 0
    assert last_line(capsys)["operation"] == "swap"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--operation", "blend"], "unknown operation 'blend'"),
        (["--strength", "12"], "choose 1 to 8 bits"),
        (["--strength", "much"], "must be a number"),
        (["--operation", "mask"], "needs a mask"),
        (["--operation", "mask", "--mask", "/no/such/mask.png"], "mask.png was not found"),
        (["--operation", "swap"], "needs a second photo"),
    ],
)
def test_mistake_in_surgery_is_one_line_and_status_2(cat, tmp_path, capsys, arguments, said):
    assert main(["surgery", str(cat), "--out", str(tmp_path / "out"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert said in captured.err
    assert not (tmp_path / "out").exists()


def test_compare_writes_both_sides_and_says_who_wins(cat, tmp_path, capsys):
    sides = ["--a", "vgg16/block3/linear/mse", "--b", "vgg16/block1/linear/mse/imagenet"]
    assert main(["compare", str(cat), *sides, "--out", str(tmp_path), "--json"]) == 0
    *lines, last = capsys.readouterr().out.strip().splitlines()
    found = json.loads(last)
    assert found.keys() == {"a", "b", "verdicts", "files"}
    assert found["a"].keys() == found["b"].keys() == KEYS
    assert (found["a"]["layer"], found["b"]["layer"]) == ("block3", "block1")
    assert [verdict["winner"] for verdict in found["verdicts"]] == ["b"] * 7
    assert [verdict["sentence"] for verdict in found["verdicts"]] == lines[2:9]
    files = [found["a"]["files"]["reconstruction"], found["b"]["files"]["reconstruction"]]
    pictures = [Image.open(path).tobytes() for path in (*files, found["files"]["difference"])]
    assert len(set(pictures)) == 3


@pytest.mark.parametrize(
    ("side", "said"),
    [
        ("vgg16/block1", "write architecture/layer/decoder/loss"),
        ("vgg17/block1/linear/mse", "unknown architecture 'vgg17'"),
        ("vgg16/block1/wavelet/l1", "choose one of mse, lpips, hybrid"),
        ("vgg16/block1/linear/mse/jft", "choose one of imagenet, random"),
    ],
)
def test_mistake_in_a_comparison_is_one_line_and_status_2(cat, tmp_path, capsys, side, said):
    sides = ["--a", "vgg16/block1/linear/mse", "--b", side]
    assert main(["compare", str(cat), *sides, "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert said in captured.err
    assert not (tmp_path / "out").exists()


def test_list_as_json_names_what_is_ready_and_what_is_missing(capsys):
    assert main(["list", "--json"]) == 0
    found = last_line(capsys)
    assert [layer["name"] for layer in found["architectures"]["vgg16"]] == [f"block{i}" for i in range(1, 6)]
    ready = {(row.get("layer"), row["decoder"], row["loss"]) for row in found["ready"]}
    assert ("block3", "transposed_conv", "hybrid") in ready
    assert all("python -m trainer" in row["reason"] for row in found["missing"])


def test_list_for_people_shows_each_layer(capsys):
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "vgg16 (VGG16)" in printed
    assert "block3: 256 channels of 28 x 28" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--architecture", "vgg17"], "unknown architecture 'vgg17'"),
        (["--layer", "block9"], "block1, block2, block3, block4, block5"),
        (["--decoder", "diffusion"], "choose one of linear, transposed_conv"),
        (["--loss", "l1"], "choose one of mse, lpips, hybrid"),
        (["--weights", "jft"], "choose one of imagenet, random"),
        (["--checkpoints", "/no/such/folder"], "does not exist"),
    ],
)
def test_mistake_is_one_line_on_standard_error_and_status_2(cat, tmp_path, capsys, arguments, said):
    assert main(["reconstruct", str(cat), "--out", str(tmp_path / "out"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert said in captured.err
    assert not (tmp_path / "out").exists()


def test_broken_photo_is_one_line_and_status_2(tmp_path, capsys):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    broken = str(tmp_path / "broken.jpg")
    assert main(["reconstruct", broken, "--decoder", "linear", "--out", str(tmp_path)]) == 2
    captured = capsys.readouterr().err
    assert captured.count("\n") == 1 and "broken.jpg" in captured


@pytest.mark.parametrize("arguments", [["reconstruct"], ["nonsense"], [], ["depth", "photo.jpg"]])
def test_wrong_usage_is_one_line_and_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_folder_that_cannot_be_written_is_one_line(cat, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["features", str(cat), "--out", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_does_not_wait_for_pytorch():
    code = "import sys, app, explorer.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
