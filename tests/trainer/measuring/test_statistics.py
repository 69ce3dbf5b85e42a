import numpy as np
import pytest
from scipy.stats import wilcoxon

from trainer.measuring.statistics import bootstrap_interval, compare, holm, summarise


def test_bootstrap_interval_covers_the_true_mean_about_95_times_in_100():
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        low, high = bootstrap_interval(draw.normal(1.0, 2.0, size=50))
        covered += low <= 1.0 <= high
    assert 180 <= covered <= 198


def test_summary_of_one_photo_has_no_spread():
    assert summarise([20.0]) == (20.0, 0.0, [20.0, 20.0])


def test_a_small_but_steady_difference_is_found_where_the_spreads_overlap():
    draw = np.random.default_rng(0)
    b = draw.normal(20, 3, size=100)
    a = b + draw.normal(0.2, 0.1, size=100)
    difference, (low, high), p = compare(a, b)
    assert low < difference < high and difference == pytest.approx(0.2, abs=0.05)
    assert p < 1e-10
    assert p == pytest.approx(wilcoxon(a, b).pvalue)


def test_equal_figures_are_no_difference():
    assert compare([1.0, np.inf], [1.0, np.inf]) == (0.0, [0.0, 0.0], 1.0)


def test_false_alarms_are_as_rare_as_they_should_be():
    draw = np.random.default_rng(0)
    alarms = sum(compare(*draw.normal(size=(2, 40)))[2] < 0.05 for _ in range(200))
    assert alarms <= 20


def test_holms_correction_is_the_textbooks():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
