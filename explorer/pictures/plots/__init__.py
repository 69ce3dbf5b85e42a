"""Plotly figures, one function each: data in, figure out. Nothing is measured here."""

from explorer.pictures.plots.photo import depth_curves, recovery_curve, surgery_curve
from explorer.pictures.plots.results import (
    by_decoder,
    by_layer,
    by_size,
    perception_distortion,
    published_beside_ours,
    quality_and_cost,
    significance_matrix,
)
from explorer.pictures.plots.style import COLOUR_OF, PALETTE, SYMBOL_OF

__all__ = [
    "COLOUR_OF",
    "PALETTE",
    "SYMBOL_OF",
    "by_decoder",
    "by_layer",
    "by_size",
    "depth_curves",
    "perception_distortion",
    "published_beside_ours",
    "quality_and_cost",
    "recovery_curve",
    "significance_matrix",
    "surgery_curve",
]
