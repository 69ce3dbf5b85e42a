import copy
import json
from statistics import fmean, stdev

import pytest

from explorer import UserError
from explorer.configurations import Configuration
from explorer.metrics import METRIC_SPECS
from explorer.published import PUBLISHED, beside_ours, reason_for_the_gap
from explorer.results import Results
from explorer.ui.readings import METRICS
from explorer.weights import BUNDLED

BLOCK1 = Configuration("vgg16", "block1", "linear", "mse")
BLOCK3 = Configuration("vgg16", "block3", "linear", "mse")
NOT_MEASURED = Configuration("resnet34", "layer1", "wavelet", "lpips")


@pytest.fixture(scope="module")
def raw() -> dict:
    return json.loads((BUNDLED / "results.json").read_text())


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


@pytest.fixture(scope="module")
def published() -> Results:
    return Results.read(BUNDLED / "results_published.json")


def values(results: Results, configuration: Configuration, metric: str) -> list[float]:
    return [photo[metric] for photo in results.row(configuration)["per_image"]]


def written(raw: dict, folder) -> Results:
    (folder / "results.json").write_text(json.dumps(raw))
    return Results.read(folder / "results.json")


def test_every_row_of_the_bundled_file_is_read(raw, results):
    assert (len(results.rows), len(results.baselines)) == (len(raw["configurations"]), len(raw["baselines"]))
    assert len(results.comparisons) == len(raw["comparisons"]) > 0
    assert results.protocol == raw["protocol"] and results.reason == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"protocol": 1}', '{"configurations": []}', "\xff"])
def test_broken_file_gives_no_results_and_says_so(tmp_path, content):
    path = tmp_path / "results.json"
    path.write_text(content, encoding="latin-1")
    found = Results.read(path)
    assert not found.rows and "is no results file" in found.reason
    assert found.table() == [] and found.row(BLOCK1) is None


def test_missing_file_gives_no_results_and_says_how_to_make_it(tmp_path):
    found = Results.read(tmp_path / "results.json")
    assert found.rows == () and "python -m trainer evaluate" in found.reason
    assert found.percentile(BLOCK1, "psnr", 20.0) is None and found.blur(28, "psnr") is None
    assert found.paired(BLOCK1, BLOCK3, "psnr") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("architecture", "vgg17"),
        ("layer", ["block1"]),
        ("decoder", 3),
        ("loss", "l1"),
        ("mean", {}),
        ("ci95", {"psnr": 3}),
        ("per_image", [{"image": "x.jpg", "psnr": "high"}]),
    ],
)
def test_row_that_cannot_be_used_is_left_out_and_the_others_stay(raw, tmp_path, caplog, key, value):
    broken = copy.deepcopy(raw)
    broken["configurations"][0][key] = value
    found = written(broken, tmp_path)
    assert len(found.rows) == len(raw["configurations"]) - 1 == len(found.table())
    assert "results.json left out" in caplog.text


def test_lookups_are_what_the_photos_say(results):
    decibels = values(results, BLOCK1, "psnr")
    assert results.row(BLOCK1)["mean"]["psnr"] == pytest.approx(fmean(decibels))
    assert results.spread(BLOCK1, "psnr") == pytest.approx(stdev(decibels))
    assert results.row(NOT_MEASURED) is None and results.spread(NOT_MEASURED, "psnr") is None


def test_highest_psnr_is_among_what_was_measured(results):
    assert results.highest_psnr([BLOCK3, NOT_MEASURED, BLOCK1]) == BLOCK1
    assert results.highest_psnr([NOT_MEASURED]) is None


def test_percentile_is_the_share_of_test_photos_done_better_than(results):
    decibels = sorted(values(results, BLOCK1, "psnr"))
    assert results.percentile(BLOCK1, "psnr", decibels[30]) == pytest.approx(0.30)
    assert results.percentile(BLOCK1, "psnr", decibels[-1] + 1) == 1.0


def test_percentile_knows_that_a_low_distance_is_better(results):
    distances = sorted(values(results, BLOCK1, "lpips"))
    assert results.percentile(BLOCK1, "lpips", distances[0] - 0.01) == 1.0
    assert results.percentile(BLOCK1, "lpips", distances[89]) == pytest.approx(0.10)


def test_paired_difference_is_taken_photo_by_photo(results):
    differences = [
        a - b for a, b in zip(values(results, BLOCK1, "ssim"), values(results, BLOCK3, "ssim"), strict=True)
    ]
    found = results.paired(BLOCK1, BLOCK3, "ssim")
    assert (found.mean, found.std) == pytest.approx((fmean(differences), stdev(differences)))
    assert found.std < results.spread(BLOCK1, "ssim") + results.spread(BLOCK3, "ssim")
    assert results.paired(BLOCK1, NOT_MEASURED, "ssim") is None


def test_photos_are_paired_by_name_and_not_by_position(raw, results, tmp_path):
    shuffled = copy.deepcopy(raw)
    for row in shuffled["configurations"]:
        if row.get("layer") == "block3":
            row["per_image"].reverse()
    assert written(shuffled, tmp_path).paired(BLOCK1, BLOCK3, "psnr").std == pytest.approx(
        results.paired(BLOCK1, BLOCK3, "psnr").std
    )


def test_baselines_are_found_by_grid(raw, results):
    blurs = {row["size"]: row["mean"] for row in raw["baselines"] if row["baseline"] == "blur"}
    assert {size: results.blur(size, "lpips") for size in blurs} == {
        size: mean["lpips"] for size, mean in blurs.items()
    }
    assert results.mean_photo("psnr") < min(mean["psnr"] for mean in blurs.values())
    assert results.blur(99, "psnr") is None


def test_unknown_metric_lists_the_known_ones(results):
    with pytest.raises(UserError, match="choose one of psnr, ssim, lpips, mse"):
        results.percentile(BLOCK1, "pnsr", 20.0)


def test_table_runs_through_the_tables_of_names(results):
    found = results.table(decoder="linear", weights="imagenet")
    vgg16 = [row["layer"] for row in found if row["architecture"] == "vgg16"]
    assert vgg16 == ["block1", "block2", "block3", "block4", "block5"]
    dinov2 = [row["layer"] for row in found if row["architecture"] == "dinov2_small"]
    assert dinov2 == ["block0", "block2", "block5", "block8", "block11"]


def test_table_row_has_all_that_is_shown(results):
    [row] = results.table(architecture="vgg16", layer="block3", decoder="linear", weights="imagenet")
    assert (row["name"], row["title"]) == (BLOCK3.name, "VGG16 block3, Linear map (mse)")
    assert (row["size"], row["channels"]) == (28, 256)
    assert row["mean"]["psnr"] == results.row(BLOCK3)["mean"]["psnr"]
    assert row["ci95"]["psnr"][0] < row["mean"]["psnr"] < row["ci95"]["psnr"][1]
    assert row["blur"]["psnr"] == results.blur(28, "psnr")
    assert row["parameters"] > 100_000 and row["milliseconds"] > 0
    assert "per_image" not in row


@pytest.mark.parametrize(
    "wanted",
    [
        {"architecture": "alexnet"},
        {"layer": "block2"},
        {"decoder": "wavelet"},
        {"loss": "hybrid"},
        {"size": 14},
        {"architecture": "vgg16", "size": 14, "loss": "mse"},
    ],
)
def test_table_has_exactly_the_rows_asked_for(results, wanted):
    def fits(row, key, value):
        number = {"architecture": 0, "layer": 1}.get(key)
        return row[key] == value if number is None else value in [place[number] for place in row["sources"]]

    expected = [row["name"] for row in results.table() if all(fits(row, *item) for item in wanted.items())]
    assert 0 < len(expected) < len(results.rows)
    assert [row["name"] for row in results.table(**wanted)] == expected


def test_fused_row_stands_in_the_table_under_each_of_its_sources(raw, tmp_path):
    fused = copy.deepcopy(raw)
    fused["configurations"] = [row for row in fused["configurations"] if "sources" not in row]
    singles = len(fused["configurations"])
    row = fused["configurations"][0]
    del row["architecture"], row["layer"]
    row |= {"sources": [["vgg16", "block1"], ["efficientnet_lite0", "stage2"]], "fusion": "concat"}
    found = written(fused, tmp_path)
    assert len(found.table()) == singles
    for wanted in (("vgg16", "block1"), ("efficientnet_lite0", "stage2")):
        last = found.table(architecture=wanted[0], layer=wanted[1])[-1]
        assert (last["architecture"], last["layer"]) == ("vgg16 + efficientnet_lite0", "block1 + stage2")
        assert (last["fused"], last["size"], last["channels"]) == (True, None, 64 + 24)
    assert not any(row["fused"] for row in found.table(architecture="vgg16", layer="stage2"))
    assert beside_ours(found, Results())[0]["ours"] == row["mean"]["psnr"]


def test_significance_has_both_directions_of_a_test(raw, results):
    test = next(row for row in raw["comparisons"] if row["figure"] == "psnr" and row["difference"])
    found = results.significance([test["a"], test["b"]], "psnr")
    assert found.difference == [[None, test["difference"]], [-test["difference"], None]]
    assert found.p == [[None, test["p_holm"]], [test["p_holm"], None]]


def test_significance_of_what_was_not_compared_is_empty(results):
    found = results.significance([BLOCK1.name, BLOCK3.name], "psnr")
    assert found.p == [[None, None], [None, None]]


def test_core_and_cards_agree_on_names_and_directions():
    assert {m.key: (m.name, m.higher) for m in METRICS} == {
        key: (spec.name, spec.higher) for key, spec in METRIC_SPECS.items()
    }


def test_reason_for_the_gap_names_the_score_of_a_perfect_reconstruction(published):
    [perfect] = [row for row in published.baselines if row["baseline"] == "photo"]
    assert f"only {perfect['mean']['psnr']:.2f} dB" in reason_for_the_gap(published)
    assert "dB" not in reason_for_the_gap(Results())


def test_published_figures_stand_beside_ours_of_the_same_layer(results, published):
    rows = {row["title"]: row for row in beside_ours(results, published)}
    assert list(rows) == [figure.title for figure in PUBLISHED]
    block1 = rows["VGG16 block1"]
    assert (block1["published"], block1["published_ssim"]) == (17.43, 0.565)
    here = results.table(architecture="vgg16", layer="block1")
    best = max(row["mean"]["psnr"] for row in here if not row["fused"])
    assert block1["ours"] == best > block1["published"] > published.perfect("psnr") > block1["their_way"]
    assert block1["their_target"] > block1["published"]
    assert block1["decoder"] == "block1 pixel_shuffle (mse)"
