"""The table of metrics: what is measured of two pictures, and how a value is written and read."""

import json
import math

import pytest
import torch

from explorer import UserError
from explorer.decoders import LOSSES
from explorer.measures.metrics import METRICS, Metric, Metrics, measure, metric_spec
from explorer.measures.pixels import psnr


def test_equal_photos_have_infinite_psnr_full_ssim_and_no_distance(examples01):
    equal = measure(examples01[:1], examples01[:1])[0]
    assert equal == {"psnr": math.inf, "ssim": 1.0, "lpips": 0.0, "mse": 0.0}


def test_known_error_gives_the_known_figures():
    black, grey = torch.zeros(1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.1)
    found = measure(grey, black)[0]
    assert (found.mse, found.psnr) == pytest.approx((0.01, 20))


def test_each_pair_is_measured_on_its_own(examples01):
    drawn01 = examples01.roll(3, -1)
    together = measure(drawn01, examples01)
    alone = [measure(drawn01[i : i + 1], examples01[i : i + 1])[0] for i in range(len(drawn01))]
    for metric in ("psnr", "ssim", "lpips", "mse"):
        assert [m[metric] for m in together] == pytest.approx([m[metric] for m in alone], abs=1e-5)
    assert [m.psnr for m in together] == psnr(drawn01, examples01).tolist()


@pytest.mark.parametrize("bad", [-0.01, 1.01, float("nan"), float("inf")])
def test_values_outside_the_range_are_refused_not_clipped(examples01, bad):
    broken = examples01[:1].clone()
    broken[0, 0, 0, 0] = bad
    for pair in ((broken, examples01[:1]), (examples01[:1], broken)):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            measure(*pair)


def test_photos_of_different_shapes_are_refused(examples01):
    with pytest.raises(ValueError, match="equal shape"):
        measure(examples01[:1], examples01[:1, :, :100])


def test_figures_are_json_and_say_what_was_not_measured():
    found = Metrics(psnr=math.inf, ssim=1.0)
    assert json.dumps(found.figures, allow_nan=False) == '{"psnr": null, "ssim": 1.0}'
    assert found.get("lpips") is None
    with pytest.raises(AttributeError, match="no lpips was measured"):
        _ = found.lpips


def test_a_new_metric_is_one_row(monkeypatch, examples01):
    row = Metric(
        "bias",
        "Bias",
        "mean error",
        1,
        False,
        ((math.inf, "Off by {:.1f}."),),
        lambda x, y: (x - y).mean((1, 2, 3)),
    )
    monkeypatch.setitem(METRICS, "bias", row)
    assert measure(examples01[:1], examples01[:1])[0].bias == 0
    assert metric_spec("bias").read(0.25) == "Off by 0.2."


def test_unknown_metric_lists_the_known_ones():
    with pytest.raises(UserError, match="choose one of psnr, ssim, lpips, mse"):
        metric_spec("pnsr")


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_readings_change_at_their_bounds_and_cover_every_value(metric):
    bounds = [bound for bound, _ in metric.readings]
    assert bounds == sorted(bounds, reverse=metric.higher)
    assert bounds[-1] == (-math.inf if metric.higher else math.inf)
    worse = -1 if metric.higher else 1
    for number, (bound, sentence) in enumerate(metric.readings[:-1]):
        start = sentence.split("{")[0]
        assert metric.read(bound).startswith(start)
        if math.isfinite(bound):
            after = metric.readings[number + 1][1].split("{")[0]
            assert metric.read(bound + worse * 1e-6).startswith(after)


@pytest.mark.parametrize(
    ("metric", "value", "start"),
    [
        ("psnr", math.inf, "Exactly"),
        ("psnr", 39.99, "Very close"),
        ("psnr", 21.5, "Recognisable"),
        ("psnr", -3.0, "Far off"),
        ("ssim", 0.88, "Nearly all"),
        ("ssim", -0.2, "Hardly"),
        ("lpips", 0.12, "Almost"),
        ("lpips", 1.5, "Another"),
        ("mse", 0.0, "A pixel is off by less than one step"),
        ("mse", 0.01, "A pixel is typically off by 26 of 255 steps."),  # root mean square 0.1
        ("mse", 1.0, "A pixel is typically off by 255 of 255 steps."),
        ("mse", None, ""),
    ],
)
def test_a_value_has_its_sentence(metric, value, start):
    assert METRICS[metric].read(value).startswith(start)


def test_values_are_written_one_way_everywhere():
    value = 1.23456789
    assert {key: metric.format(value) for key, metric in METRICS.items()} == {
        **{"psnr": "1.23", "ssim": "1.235", "lpips": "1.235", "mse": "1.23457"},
        **{"feature_error": "1.235", "similarity": "1.235", "weave": "1.23"},
    }
    psnr, ssim = METRICS["psnr"], METRICS["ssim"]
    assert (psnr.with_unit(25.3), ssim.with_unit(0.5)) == ("25.30 dB", "0.500")
    assert (psnr.heading, ssim.heading) == ("PSNR, dB", "SSIM")
    assert (psnr.beside, ssim.beside) == ("dB", "of 1")
    assert (psnr.with_unit(math.inf), psnr.format(None)) == ("∞ dB", "–")


def test_each_metric_says_which_direction_is_better():
    assert {key: metric.direction.split()[0] for key, metric in METRICS.items()} == {
        **{"psnr": "higher", "ssim": "higher", "lpips": "lower", "mse": "lower"},
        **{"feature_error": "lower", "similarity": "higher", "weave": "lower"},
    }
    assert METRICS["psnr"].better(30, 20) and METRICS["lpips"].better(0.1, 0.2)
    assert not METRICS["psnr"].better(30, 30)


def test_a_metric_knows_the_losses_that_it_was_part_of():
    trained = {
        key: [loss for loss in LOSSES if metric.in_loss("wavelet", loss)] for key, metric in METRICS.items()
    }
    assert trained["psnr"] == trained["mse"] == ["mse", "hybrid"]
    assert trained["lpips"] == ["lpips", "hybrid", "features"] and trained["feature_error"] == ["features"]
    assert trained["ssim"] == trained["similarity"] == trained["weave"] == []
    assert not METRICS["psnr"].in_loss("wavelet", "unknown")
    searched = [key for key, metric in METRICS.items() if metric.in_loss("optimisation", "features")]
    assert searched == ["feature_error"]
