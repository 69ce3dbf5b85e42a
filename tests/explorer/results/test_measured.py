"""What is read of a results file, the bundled one and broken ones, and what is looked up in it."""

import copy
import json
from dataclasses import replace
from statistics import fmean, stdev

import pytest

from explorer import UserError
from explorer.configurations import Configuration, FusedConfiguration
from explorer.folders import BUNDLED
from explorer.measures.metrics import METRICS
from explorer.results.measured import Results

BLOCK1 = Configuration("vgg16", "block1", "linear", "mse")
BLOCK3 = Configuration("vgg16", "block3", "linear", "mse")
NOT_MEASURED = Configuration("resnet34", "layer1", "wavelet", "lpips")
FUSED = FusedConfiguration((("vgg16", "block1"), ("efficientnet_lite0", "stage2")), "concat", "linear", "mse")


@pytest.fixture(scope="module")
def raw() -> dict:
    return json.loads((BUNDLED / "results.json").read_text())


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(BUNDLED / "results.json")


def values(results: Results, configuration: Configuration, metric: str) -> list[float]:
    return [photo[metric] for photo in results.row(configuration).per_image.values()]


def written(raw: dict, folder) -> Results:
    (folder / "results.json").write_text(json.dumps(raw))
    return Results.read(folder / "results.json")


def with_fused(raw: dict, **more) -> dict:
    """The file with its first row turned into that of FUSED, and no other of several sources."""
    changed = copy.deepcopy(raw)
    changed["configurations"] = [row for row in changed["configurations"] if "sources" not in row]
    row = changed["configurations"][0]
    del row["architecture"], row["layer"]
    row |= FUSED.to_dict() | more
    return changed


def test_every_row_of_the_bundled_file_is_read(raw, results):
    assert (len(results.rows), len(results.baselines)) == (len(raw["configurations"]), len(raw["baselines"]))
    assert len(results.tests) == len(raw["comparisons"]) > 0
    assert results.protocol == raw["protocol"] and results.reason == ""


def test_a_row_holds_what_the_file_says(raw, results):
    found = results.row(BLOCK3)
    [said] = [x for x in raw["configurations"] if BLOCK3.to_dict().items() <= x.items()]
    assert (found.configuration, found.name) == (BLOCK3, "vgg16-block3-linear-mse-imagenet")
    assert (found.size, found.channels, found.target, found.fused) == (28, 256, "photo", False)
    assert (found.mean, found.std) == (said["mean"], said["std"])
    assert list(found.ci95["psnr"]) == said["ci95"]["psnr"]
    assert (found.parameters, found.milliseconds) == (said["parameters"], said["milliseconds"])
    assert found.per_image == {photo.pop("image"): photo for photo in copy.deepcopy(said["per_image"])}
    [blur] = [x["mean"] for x in raw["baselines"] if (x["baseline"], x["size"]) == ("blur", 28)]
    assert blur.items() <= found.blur.items()
    assert found.half_interval("ssim") == pytest.approx(
        (said["ci95"]["ssim"][1] - said["ci95"]["ssim"][0]) / 2
    )


def test_a_fused_row_holds_what_its_sources_bring(raw, results):
    [said] = [x for x in raw["configurations"] if x.get("fusion") == "attention" and "pixel" in x["decoder"]]
    [found] = [row for row in results.rows if row.fused and row.mean == said["mean"]]
    assert found.gain.psnr == said["gain"]["psnr"] and list(found.gain.ci95) == said["gain"]["ci95"]
    assert [x.place for x in found.lost] == list(found.configuration.sources)
    assert [x.psnr for x in found.lost] == [x["loss"] for x in said["contributions"]]
    assert found.architectures == ["vgg16", "alexnet", "efficientnet_lite0", "dinov2_small"]
    assert (found.layer, found.size, found.blur) == ("block1 + conv1 + stage1 + block0", None, {})


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"protocol": 1}', '{"configurations": []}', "\xff", "[" * 100_000),
        '{"protocol": [], "configurations": [], "baselines": [], "comparisons": []}',
        '{"protocol": {}, "configurations": 3, "baselines": [], "comparisons": []}',
    ],
    ids=lambda text: text[:40],
)
def test_broken_file_gives_no_results_and_says_so(tmp_path, content):
    path = tmp_path / "results.json"
    path.write_text(content, encoding="latin-1")
    found = Results.read(path)
    assert not found.rows and "is no results file" in found.reason
    assert found.select() == [] and found.row(BLOCK1) is None


def test_missing_file_gives_no_results_and_says_how_to_make_it(tmp_path):
    found = Results.read(tmp_path / "results.json")
    assert found.rows == () and "python -m trainer evaluate" in found.reason
    assert found.percentile(BLOCK1, "psnr", 20.0) is None and found.mean_photo("psnr") is None
    assert found.paired(BLOCK1, BLOCK3, "psnr") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("architecture", "vgg17"),
        ("architecture", ["vgg16"]),
        ("layer", ["block1"]),
        ("decoder", 3),
        ("loss", "l1"),
        ("weights", "<b>"),
        ("mean", {}),
        ("ci95", {"psnr": 3}),
        ("per_image", [{"image": "x.jpg", "psnr": "high"}]),
        ("mean", {"psnr": float("nan"), "ssim": 0.5, "lpips": 0.5, "mse": 0.1}),
        ("mean", {"psnr": 10**400, "ssim": 0.5, "lpips": 0.5, "mse": 0.1}),
        ("parameters", "<b>many</b>"),
        ("parameters", -1),
        ("parameters", 10**400),
        ("milliseconds", True),
        ("milliseconds", float("inf")),
        ("target", None),
        ("target", "x" * 1000),
    ],
)
def test_row_that_cannot_be_used_is_left_out_and_the_others_stay(raw, tmp_path, caplog, key, value):
    broken = copy.deepcopy(raw)
    broken["configurations"][0][key] = value
    assert len(written(broken, tmp_path).rows) == len(raw["configurations"]) - 1
    assert "results.json left out" in caplog.text


@pytest.mark.parametrize(
    "more",
    [
        {"gain": {"psnr": 1.0, "ci95": [0.5], "p_holm": 0.01}},
        {"gain": []},
        {"contributions": [{"source": ["vgg16", "block1"], "loss": 1.0}]},
        {"contributions": [{"source": "vgg16"}]},
        {"fusion": "sum"},
        {"sources": [["vgg16", "block1"]]},
    ],
)
def test_fused_row_that_cannot_be_used_is_left_out_too(raw, tmp_path, more):
    assert written(with_fused(raw), tmp_path).rows[-1].configuration == FUSED
    assert not any(row.fused for row in written(with_fused(raw, **more), tmp_path).rows)


def test_a_metric_that_needs_more_than_the_pictures_may_be_missing(raw, results, monkeypatch):
    monkeypatch.setitem(METRICS, "bias", replace(METRICS["ssim"], key="bias", of_pictures=None))
    found = Results.read(BUNDLED / "results.json")
    assert len(found.rows) == len(results.rows) and "bias" not in found.rows[0].mean
    assert found.percentile(BLOCK1, "bias", 0.5) is None and found.paired(BLOCK1, BLOCK3, "bias") is None


def test_of_the_protocol_only_short_texts_and_whole_numbers_are_kept(raw, tmp_path):
    strange = {"photos": 3, "crop": "x" * 1000, "costs": {"<b>": 1}, "interval": None, "size": 10**400}
    assert written(raw | {"protocol": strange, "configurations": []}, tmp_path).protocol == {"photos": 3}


def test_baseline_or_test_that_cannot_be_used_is_left_out_too(raw, tmp_path):
    strange = {"baselines": [3, {"baseline": "blur", "size": -1, "mean": {}}, raw["baselines"][0]]}
    strange["comparisons"] = [[], raw["comparisons"][0] | {"p_holm": 1.5}, raw["comparisons"][0]]
    found = written(raw | strange | {"configurations": []}, tmp_path)
    assert (len(found.baselines), len(found.tests)) == (1, 1)


def test_lookups_are_what_the_photos_say(results):
    decibels, row = values(results, BLOCK1, "psnr"), results.row(BLOCK1)
    assert (row.mean["psnr"], row.std["psnr"]) == pytest.approx((fmean(decibels), stdev(decibels)))
    assert results.row(NOT_MEASURED) is None


def test_the_best_is_among_what_was_measured(results):
    for metric in ("psnr", "lpips"):
        assert results.best([BLOCK3, NOT_MEASURED, BLOCK1], metric) == BLOCK1
    assert results.preferred([BLOCK3, NOT_MEASURED, BLOCK1]) == BLOCK1
    assert results.best([NOT_MEASURED], "psnr") is results.preferred([NOT_MEASURED]) is None


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
    assert results.paired(BLOCK1, NOT_MEASURED, "ssim") is None


def test_photos_are_paired_by_name_and_not_by_position(raw, results, tmp_path):
    shuffled = copy.deepcopy(raw)
    for row in shuffled["configurations"]:
        if row.get("layer") == "block3":
            row["per_image"].reverse()
    assert written(shuffled, tmp_path).paired(BLOCK1, BLOCK3, "psnr").std == pytest.approx(
        results.paired(BLOCK1, BLOCK3, "psnr").std
    )


def test_unknown_metric_lists_the_known_ones(results):
    with pytest.raises(UserError, match="choose one of psnr, ssim, lpips, mse"):
        results.percentile(BLOCK1, "pnsr", 20.0)


def test_rows_run_through_the_tables_of_names(results):
    found = results.select(decoder="linear", weights="imagenet")
    layers = {
        name: [row.layer for row in found if row.architectures == [name]]
        for name in ("vgg16", "dinov2_small")
    }
    assert layers == {
        "vgg16": ["block1", "block2", "block3", "block4", "block5"],
        "dinov2_small": ["block0", "block2", "block5", "block8", "block11"],
    }
    assert [row.fused for row in results.rows] == sorted(row.fused for row in results.rows)


@pytest.mark.parametrize(
    "wanted",
    [
        {"architecture": "alexnet"},
        {"layer": "block2"},
        {"decoder": "wavelet"},
        {"loss": "hybrid"},
        {"architecture": "vgg16", "layer": "block4", "loss": "mse"},
    ],
)
def test_exactly_the_rows_asked_for_are_selected(results, wanted):
    def fits(row, key, value):
        number = {"architecture": 0, "layer": 1}.get(key)
        c = row.configuration
        return getattr(c, key) == value if number is None else value in [place[number] for place in c.sources]

    expected = [row for row in results.rows if all(fits(row, *item) for item in wanted.items())]
    assert 0 < len(expected) < len(results.rows)
    assert results.select(**wanted) == expected


def test_fused_row_is_found_under_each_of_its_sources(raw, tmp_path):
    found = written(with_fused(raw), tmp_path)
    for architecture, layer in FUSED.sources:
        last = found.select(architecture, layer=layer)[-1]
        assert (last.configuration, last.size, last.channels) == (FUSED, None, 64 + 24)
    assert not any(row.fused for row in found.select("vgg16", layer="stage2"))


def test_significance_has_both_directions_of_a_test(raw, results):
    test = next(row for row in raw["comparisons"] if row["figure"] == "psnr" and row["difference"])
    found = results.significance([test["a"], test["b"]], "psnr")
    assert found.difference == [[None, test["difference"]], [-test["difference"], None]]
    assert found.p == [[None, test["p_holm"]], [test["p_holm"], None]]


def test_significance_of_what_was_not_compared_is_empty(results):
    found = results.significance([BLOCK1.name, BLOCK3.name], "psnr")
    assert found.p == [[None, None], [None, None]]
