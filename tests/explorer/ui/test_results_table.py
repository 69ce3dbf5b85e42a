"""The table of the Results tab: its rows as HTML and as CSV."""

import csv
import io
import re
from dataclasses import asdict, replace
from html import unescape
from urllib.parse import parse_qsl

import pytest

from explorer.configurations import Configuration, FusedConfiguration
from explorer.folders import BUNDLED
from explorer.measures.metrics import METRICS
from explorer.pictures.exports import table as csv_text
from explorer.results.measured import Results
from explorer.results.rows import Row
from explorer.ui.results_table import COLUMNS, SHOWN, csv_row, table_html

BLOCK1 = Configuration("vgg16", "block1", "linear", "mse")
FUSED = FusedConfiguration((("vgg16", "block1"), ("alexnet", "conv1")), "weighted", "linear", "mse")


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


@pytest.fixture(scope="module")
def linear(results) -> Row:
    """The row of VGG16 block1's linear map."""
    return results.row(BLOCK1)


@pytest.fixture(scope="module")
def fused(linear) -> Row:
    return replace(linear, configuration=FUSED, size=None)


def cells(html: str) -> list[str]:
    """The texts of a table's body, cell by cell."""
    body = html.split("<tbody>")[1]
    return [unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall("<td.*?</td>", body, re.S)]


def addresses(html: str) -> list[dict[str, str]]:
    """Where the links of a table lead to."""
    return [dict(parse_qsl(unescape(query))) for query in re.findall(r'href="\?([^"]+)"', html)]


def with_judges(row):
    """The row as it is when judges were asked, too."""
    judged = {"feature_error": 0.2, "similarity": 0.9, "weave": 0.01}
    blur = row.blur | {"similarity": 0.95}
    return replace(
        row,
        mean=row.mean | judged,
        ci95=row.ci95 | {key: (value - 0.01, value + 0.01) for key, value in judged.items()},
        blur=blur,
    )


def test_every_measured_configuration_is_a_row_with_all_columns(results):
    html = table_html(results.rows)
    singles = [row for row in results.rows if not row.fused]
    assert re.findall(r'<tr data-name="([^"]+)"', html) == [row.name for row in singles]
    assert len(cells(html)) == len(results.rows) * len(COLUMNS) > len(singles) * len(COLUMNS)
    assert html.count('tabindex="0"') == 1 and html.index('tabindex="0"') < html.index('tabindex="-1"')


def test_a_row_says_what_was_measured_with_half_its_interval_and_the_blur(linear):
    judged = with_judges(linear)
    means = [(METRICS[key], judged.mean[key], judged.half_interval(key)) for key in SHOWN]
    psnr, *others = [f"{metric.format(x)} ± {metric.format(half)}" for metric, x, half in means]
    assert cells(table_html([judged])) == [
        *("VGG16", "block1", "112×112", "Linear map", "MSE", "trained"),
        *(f"*{psnr}", *others, f"{linear.blur['psnr']:.2f}", "0.950"),
        *("7,068", f"{linear.milliseconds:.1f}"),
    ]


def test_figures_that_were_a_part_of_the_loss_are_marked(linear):
    def marked(loss):
        row = replace(linear, configuration=replace(BLOCK1, decoder="wavelet", loss=loss))
        return [cell.startswith("*") for cell in cells(table_html([row]))[6:9]]

    assert marked("mse") == [True, False, False]
    assert marked("lpips") == [False, False, True]
    assert marked("hybrid") == [True, False, True]


def test_a_row_opens_the_configuration_it_was_measured_of(linear):
    html = table_html([linear])
    assert addresses(html) == [{"tab": "explore"} | asdict(BLOCK1)]
    assert 'aria-label="VGG16 block1, Linear map (mse): open in Explore"' in html


def test_a_fused_row_opens_its_ensemble(fused):
    html = table_html([fused])
    assert "data-name" not in html
    assert cells(html)[:4] == [
        "VGG16 + AlexNet",
        "block1 + conv1",
        "several",
        "Linear map after weighted sum",
    ]
    assert addresses(html) == [
        {
            "tab": "ensemble",
            "sources": "vgg16/block1 alexnet/conv1",
            "fusion": "weighted",
            "with": "linear/mse",
        }
    ]


def test_what_was_not_measured_is_a_dash_that_sorts_last(linear):
    html = table_html([replace(with_judges(linear), milliseconds=None)])
    assert cells(html)[-1] == "–"
    assert html.count('data-value=""') == 1


def test_no_rows_are_said_in_words():
    assert cells(table_html([])) == ["Nothing that was measured fits all of these."]


def test_csv_holds_means_intervals_and_blur(results, linear, fused):
    rows = list(csv.DictReader(io.StringIO(csv_text([csv_row(row) for row in [*results.rows, fused]]))))
    assert len(rows) == len(results.rows) + 1
    first, last = rows[0], rows[-1]
    for metric in ("psnr", "ssim", "lpips", "mse"):
        assert float(first[metric]) == linear.mean[metric]
        assert (float(first[f"{metric}_low"]), float(first[f"{metric}_high"])) == linear.ci95[metric]
        assert float(first[f"blur_{metric}"]) == linear.blur[metric]
    assert (last["architecture"], last["layer"], last["fusion"], last["size"]) == (
        *("vgg16 + alexnet", "block1 + conv1", "weighted", ""),
    )
