"""Figures: metrics, baselines, feature agreement and comparisons."""
