import json
import re

import pytest

from explorer.configurations import configuration_of
from explorer.folders import BUNDLED
from trainer.__main__ import main

SHOWN = (
    "vgg16-block1-linear-mse-imagenet",
    "vgg16-block2-linear-mse-imagenet",
    "vgg16-block1+vgg16-block3+vgg16-block5-concat-pixel_shuffle-mse-imagenet",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of two linear decoders and an ensemble of the shipped results, and what these say."""
    folder = tmp_path_factory.mktemp("report")
    results, out = folder / "results.json", folder / "report.html"
    shipped = json.loads((BUNDLED / "results.json").read_text())
    shipped["configurations"] = [x for x in shipped["configurations"] if configuration_of(x).name in SHOWN]
    assert len(shipped["configurations"]) == len(SHOWN)
    results.write_text(json.dumps(shipped))
    assert main(["report", "--results", str(results), "--out", str(out)]) == 0
    return shipped, out.read_text()


def test_page_shows_every_figure_of_the_results(page):
    results, html = page
    for row in results["configurations"]:
        assert f"{row['mean']['psnr']:.2f}" in html and f"{row['parameters']:,}" in html
    for row in results["baselines"]:
        assert f"{row['mean']['psnr']:.2f}" in html


def test_page_needs_nothing_from_elsewhere(page):
    _, html = page
    outside_scripts = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.findall(r"(?:src|href)=[\"'](?!data:|#)", outside_scripts)
    assert "<script src" not in html


def test_strips_hold_a_picture_for_every_layer(page):
    _, html = page
    assert len(re.findall(r'<img alt="linear \(mse\), block[12]" src="data:image/jpeg', html)) == 2


def test_an_ensemble_has_a_line_with_its_sources_and_its_picture(page):
    _, html = page
    section = html[html.index('id="ensembles"') :]
    assert "vgg16 block1, block3, block5" in section
    assert len(re.findall(r'<img alt="the reconstruction" src="data:image/jpeg', section)) == 1


def test_what_is_no_results_file_is_refused_and_nothing_is_written(tmp_path, capsys):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    assert main(["report", "--results", str(wrong), "--out", str(tmp_path / "out.html")]) == 2
    assert "is not a results file" in capsys.readouterr().err
    assert not (tmp_path / "out.html").exists()
