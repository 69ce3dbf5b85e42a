import json

from explorer.folders import BUNDLED
from tests.trainer.reporting.made_up import DATA, PROJECT, fused, row
from trainer.reporting.tables import (
    best_table,
    configurations_table,
    ensembles_table,
    judges_table,
    networks_table,
    privacy_table,
    protocols_table,
    psnr_table,
)


def cells(table: str) -> list[list[str]]:
    """Return a Markdown table's lines as cells, checked to be equally many in every line."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert all(set(cell) <= set("-:") for cell in lines[1])
    return [lines[0], *lines[2:]]


def test_networks_have_two_lines_each_at_three_depths():
    header, *lines = cells(networks_table(PROJECT))
    assert header[2:] == ["shallowest layer", "middle layer", "deepest layer"]
    assert [line[0] for line in lines] == ["VGG16", "VGG16", "AlexNet", "AlexNet"]
    psnr, judged, alexnet, _ = (line[2:] for line in lines)
    assert psnr == [r"block1: **30.00\*** (27.00)", r"block5: 15.00\* (18.00)", r"block5: 15.00\* (18.00)"]
    assert judged == ["–", "block5: 0.200 (0.300)", "block5: 0.200 (0.300)"]
    assert alexnet == [r"conv1: 23.00\* (24.00)"] * 3


def test_decoders_of_deep_layers_stand_below_one_colour_and_the_blur():
    header, *lines = cells(judges_table(PROJECT))
    assert header[:3] == ["architecture", "layer", "drawn by"]
    assert [line[2] for line in lines] == ["*one flat colour*", "*blur*", "transposed_conv (mse)"]
    assert lines[1][3:] == ["18.00", "0.500", "0.900", "0.300", "–"]
    assert lines[2][3:] == [r"15.00\*", "0.900", "1.100", "0.200", "0.60"]


def test_shipped_networks_make_eight_rows():
    shipped = json.loads((BUNDLED / "results.json").read_text())
    lines = cells(networks_table(shipped))[1:]
    titles = ["VGG16", "AlexNet", "EfficientNet-Lite0", "DINOv2 ViT-S/14"]
    assert [line[0] for line in lines] == [title for title in titles for _ in range(2)]
    assert [line[3].split(":")[0] for line in lines[::2]] == ["block3", "conv3", "stage3", "block5"]


def test_every_layer_has_a_line_with_its_best_mse_decoder_in_bold():
    header, *lines = cells(psnr_table(PROJECT))
    assert header[:4] == ["architecture", "layer", "blur", "linear"]
    found = {(line[0], line[1]): dict(zip(header, line, strict=True)) for line in lines}
    block1 = found["vgg16", "block1"]
    assert (block1["blur"], block1["linear"], block1["wavelet"]) == ("27.00", "25.00 ± 0.50", "–")
    assert block1["pixel_shuffle"] == "**30.00** ± 0.50"
    assert [line[0] for line in lines] == ["vgg16", "vgg16", "alexnet", "vgg16 (random)"]


def test_best_decoder_by_the_other_figures_names_its_loss():
    header, first, *_ = cells(best_table(PROJECT))
    assert header[:4] == ["architecture", "layer", "SSIM (higher is better)", "LPIPS (lower is better)"]
    assert header[4:] == ["Feature error (lower is better)", "Similarity (higher is better)"]
    unjudged = ["–", "–"]
    assert first == ["vgg16", "block1", "0.800 linear (mse)", r"0.050\* pixel_shuffle (hybrid)", *unjudged]


def test_ensembles_have_their_gain_costs_and_weights():
    found = {
        "configurations": [fused("attention", 31.0, weight=0.5), {**fused("concat", 30.0), "gain": None}]
    }
    _, attention, concat = cells(ensembles_table(found))
    assert attention[:4] == ["vgg16 block1 + alexnet conv1", "attention", "pixel_shuffle", "31.00"]
    assert attention[4:7] == ["vgg16 block1", "+1.00 (+0.90 to +1.10)", "< 0.001"]
    assert attention[7:] == ["2", "42", "2.00", "2.0 (50%), 2.0 (50%)"]
    assert concat[4:7] == ["–", "–", "–"] and concat[-1] == "2.0, 2.0"


def test_protocols_stand_side_by_side():
    _, perfect, linear, wavelet = cells(protocols_table(DATA.project, DATA.published))
    assert perfect[2:] == ["∞", "11.50"]
    assert linear == ["block1 linear (mse)", "the photo", "25.00", "11.00"]
    assert wavelet[1:] == ["the normalised photo, clipped", "–", "19.50"]


def test_photos_found_again_are_shares():
    header, stage1 = cells(privacy_table(DATA.study))
    assert header[:2] == ["layer", "sent as they are"]
    assert stage1 == ["stage1", "75%", *["–"] * 5]


def test_every_configuration_has_a_line():
    found = {"configurations": [row("vgg16", "block1", "linear", weights="random"), fused("concat", 31.0)]}
    _, single, ensemble = cells(configurations_table(found))
    assert single[0] == "vgg16 (random weights)"
    assert single[4:] == ["1,234", "25.00 (24.50 to 25.50)", "0.800", "0.200"]
    assert ensemble[:3] == ["vgg16 block1 + alexnet conv1", "concat", "pixel_shuffle"]
