"""Summaries of per-photo figures: mean, standard deviation and bootstrap confidence interval."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 10_000


def summarise(values: Sequence[float], seed: int = 42) -> tuple[float, float, list[float]]:
    """Return (mean, sample standard deviation, 95 % interval of the mean) of one figure per photo."""
    array = np.asarray(values, dtype=np.float64)
    std = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return float(array.mean()), std, bootstrap_interval(array, seed)


def bootstrap_interval(values: np.ndarray, seed: int = 42, level: float = 0.95) -> list[float]:
    """Return the percentile bootstrap interval [low, high] of the mean (Efron & Tibshirani 1993)."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    means = values[draw.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    tail = 100 * (1 - level) / 2
    return np.percentile(means, [tail, 100 - tail]).tolist()
