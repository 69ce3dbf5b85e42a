"""docs/results.md and the README's table: every figure is from the data files, and a check says so."""

import copy
import json
import shutil
from dataclasses import replace

import pytest

from explorer.errors import UserError
from explorer.folders import BUNDLED, PROJECT
from tests.trainer.reporting.made_up import DATA, fused, row
from trainer.__main__ import main
from trainer.reporting import facts
from trainer.reporting.markdown import CLOSING, MADE_BY, OPENING, results_page, with_networks
from trainer.reporting.tables import NETWORKS_LEGEND, networks_table

README = f"# Title\n\n{OPENING}\nold\n{CLOSING}\n\nThe rest.\n"


@pytest.fixture(scope="module")
def page() -> str:
    return results_page(DATA)


@pytest.fixture
def folder(tmp_path):
    """A folder with the made-up data files."""
    for name, found in zip(MADE_BY, (DATA.project, DATA.published, DATA.study, DATA.alike), strict=True):
        (tmp_path / name).write_text(json.dumps(found))
    return tmp_path


def test_page_has_every_table(page):
    for line in (
        r"| VGG16 | PSNR, dB (higher is better) | block1: **30.00\*** (27.00) |",
        "| vgg16 | block1 | 27.00 | 25.00 ± 0.50 |",
        r"| vgg16 | block1 | 0.800 linear (mse) | 0.050\* pixel_shuffle (hybrid) |",
        "| vgg16 block1 + alexnet conv1 | concat | pixel_shuffle | 31.00 | vgg16 block1 | +1.00",
        "| the photo itself: a perfect reconstruction | – | ∞ | 11.50 |",
        "| stage1 | 75% | – |",
        "| VGG16 block3 (2 seeds) | mse | 0.00 M | **20.00** | 19.50, -0.50 ± 0.10 |",
        "| VGG16 block3 (2 seeds) | mse | 0.00 M | **21.00** | – |",
    ):
        assert line in page


def test_prose_takes_its_figures_from_the_data(page):
    for sentence in (
        "means over 8 test photos",
        "- LPIPS: official",
        "pixel_shuffle is ahead of the other decoders at 1 of the 2 layers that have it.",
        "above the blur at 1 of the 3 layers of trained networks",
        "From VGG16 with random weights a linear map brings back more",
        "than from the trained network at\n  1 of 1 layers",
        "2 networks together change the PSNR of VGG16 block1 alone by +1.00 dB",
        "Further layers of the same network change that of VGG16 block1 by +0.25 dB at most",
        "## Why published figures stop near 17.65 dB",
        "decoder (pixel_shuffle,\nhybrid) makes of the features of EfficientNet-Lite0",
        "(by chance: 12 %)",
        "PSNR, as published: transposed_conv is proven ahead of all others in 1 of 1 lines",
        "Seeds of one decoder differ by up to 0.20 dB",
    ):
        assert sentence in page


def test_a_decoder_with_their_target_is_said_to_pass_only_where_it_does(page):
    assert "The decoder block1 wavelet (hybrid) was trained to draw their target." in page
    assert "passes the published figures" in page
    lower = copy.deepcopy(DATA.published)
    lower["configurations"][1]["mean"]["psnr"] = 17.0
    assert "passes the published figures" not in results_page(replace(DATA, published=lower))


def test_without_ensembles_the_page_has_no_word_of_them(page):
    alone = DATA.project | {
        "configurations": [x for x in DATA.project["configurations"] if "sources" not in x]
    }
    assert "Several pairs of eyes" in page
    assert "Several pairs of eyes" not in results_page(replace(DATA, project=alone))


def test_fusions_are_compared_where_all_else_is_equal():
    rows = [fused("concat", 30.0), fused("attention", 30.5), fused("concat", 28.0, decoder="transposed_conv")]
    assert facts.spread_of_fusions({"configurations": rows}) == 0.5
    assert facts.spread_of_fusions({"configurations": rows[:1]}) is None


def test_the_largest_gain_over_each_source_counts():
    rows = [fused("concat", 31.0, gain=0.5), fused("attention", 31.5, gain=1.0)]
    [found] = facts.gains_of_several_networks({"configurations": rows})
    assert found == facts.Gain("VGG16 block1", 2, "attention", 1.0)
    assert facts.gains_of_several_layers({"configurations": rows}) == []


def test_readme_gets_the_table_between_its_marker_lines_and_nothing_else():
    found = with_networks(README, DATA)
    table = networks_table(DATA.project)
    block = f"{OPENING}\n\n{table}\n\n{NETWORKS_LEGEND}\n\n{CLOSING}"
    assert found == f"# Title\n\n{block}\n\nThe rest.\n"
    assert with_networks(found, DATA) == found


@pytest.mark.parametrize("readme", ["", OPENING, f"{CLOSING}\n{OPENING}", README + README])
def test_readme_without_its_marker_lines_is_refused(readme):
    with pytest.raises(UserError, match="once each, in this order"):
        with_networks(readme, DATA)


def test_command_writes_both_files_and_then_finds_them_current(folder, capsys):
    page, readme = folder / "docs" / "results.md", folder / "README.md"
    readme.write_text(README)
    command = ["report", "--checkpoints", str(folder), "--markdown", str(page), "--readme", str(readme)]
    assert main(command) == 0
    assert page.read_text() == results_page(DATA) and readme.read_text() == with_networks(README, DATA)
    assert main([*command, "--check"]) == 0
    for path in (page, readme):
        whole = path.read_text()
        path.write_text(whole.replace("30.00", "30.01"))
        capsys.readouterr()
        assert main([*command, "--check"]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and f"{path} is not what" in said
        assert "30.01" in path.read_text()  # a check writes nothing
        path.write_text(whole)


def test_check_fails_where_there_is_no_file_and_needs_one_to_check(folder, capsys):
    assert main(["report", "--checkpoints", str(folder), "--markdown", str(folder / "no.md"), "--check"]) == 2
    assert not (folder / "no.md").exists()
    assert main(["report", "--check"]) == 2
    assert "goes with --markdown or --readme" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "command"), MADE_BY.items())
def test_data_file_that_is_not_there_is_named_with_the_command_that_makes_it(folder, name, command, capsys):
    (folder / name).unlink()
    assert main(["report", "--checkpoints", str(folder), "--markdown", str(folder / "page.md")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and name in said and f"'python -m trainer {command}' makes it" in said


@pytest.mark.parametrize("name", MADE_BY)
def test_data_file_of_another_kind_is_one_line(folder, name, capsys):
    (folder / name).write_text('{"protocol": {}}')
    assert main(["report", "--checkpoints", str(folder), "--markdown", str(folder / "page.md")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "measure again" in said
    assert not (folder / "page.md").exists()


def test_shipped_page_and_readme_are_what_the_shipped_data_say(tmp_path):
    current = [
        "--markdown",
        str(PROJECT / "docs/results.md"),
        "--readme",
        str(PROJECT / "README.md"),
        "--check",
    ]
    assert main(["report", *current]) == 0
    for name in MADE_BY:
        shutil.copy(BUNDLED / name, tmp_path)
    changed = json.loads((tmp_path / "results.json").read_text())
    changed["configurations"][0]["mean"]["psnr"] += 1
    (tmp_path / "results.json").write_text(json.dumps(changed))
    assert main(["report", "--checkpoints", str(tmp_path), *current]) == 2


def test_a_network_without_a_linear_decoder_of_both_is_not_compared_with_its_control():
    rows = [row("vgg16", "block1", "linear"), row("alexnet", "conv1", "linear", weights="random")]
    assert facts.control_ahead({"configurations": rows}) == []
