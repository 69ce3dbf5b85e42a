"""The table of losses that decoders are trained for. A new loss is one row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LossSpec:
    """One loss, `w_mse` * MSE + `w_lpips` * LPIPS, and how it is named and drawn.

    `title` is its name within a sentence, `aim` what its decoders get right, in a few words, `summary` the
    same in a phrase, and `dash` Plotly's name of its lines' dash.
    """

    title: str
    aim: str
    summary: str
    w_mse: float
    w_lpips: float
    dash: str


LOSSES: dict[str, LossSpec] = {
    "mse": LossSpec(
        "MSE",
        "right pixel by pixel",
        "mean squared error: as close as possible pixel by pixel",
        w_mse=1.0,
        w_lpips=0.0,
        dash="solid",
    ),
    "lpips": LossSpec(
        "LPIPS",
        "right to the eye",
        "LPIPS: as close as possible to the eye",
        w_mse=0.0,
        w_lpips=1.0,
        dash="dot",
    ),
    "hybrid": LossSpec(
        "hybrid",
        "half of each",
        "half MSE, half LPIPS",
        w_mse=0.5,
        w_lpips=0.5,
        dash="dash",
    ),
}
