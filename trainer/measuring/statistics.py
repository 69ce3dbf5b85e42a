"""Figures over photos: mean, standard deviation, bootstrap interval; paired tests with Holm's correction."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import bootstrap, wilcoxon

RESAMPLES = 10_000
SEED = 42


def summarise(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """Return (mean, sample standard deviation, 95 % interval of the mean) of one figure per photo."""
    array = np.asarray(values, dtype=np.float64)
    std = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return float(array.mean()), std, bootstrap_interval(array)


def bootstrap_interval(values: np.ndarray) -> list[float]:
    """Return the 95 % percentile bootstrap interval [low, high] of the mean (Efron & Tibshirani 1993).

    That of a single value, which has no spread, is the value.
    """
    if len(values) == 1:
        return [float(values[0])] * 2
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        confidence_level=0.95,
        vectorized=True,
        rng=np.random.Generator(np.random.Philox(key=SEED)),
    )
    return [float(found.confidence_interval.low), float(found.confidence_interval.high)]


def compare(a: Sequence[float], b: Sequence[float]) -> tuple[float, list[float], float]:
    """Return the mean of a - b over photos, its 95 % interval, and the p-value that there is no difference.

    The same photos in the same order; Wilcoxon's signed-rank test (1945), two-sided. Photos where both are
    infinite (equal to the original) count as no difference.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    difference = np.zeros_like(x)
    np.subtract(x, y, out=difference, where=x != y)
    p = float(wilcoxon(difference).pvalue) if difference.any() else 1.0
    return float(difference.mean()), bootstrap_interval(difference), p


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for having made all these tests (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, highest = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected
