"""The table of losses that decoders are trained for. A new loss is one row."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class LossSpec:
    """One loss, a weighted sum of terms, and how it is named and drawn.

    `title` is its name within a sentence, `aim` what its decoders get right, in a few words, `summary` the
    same in a phrase, and `dash` Plotly's name of its lines' dash. The weights are those of the mean squared
    error, of LPIPS, of the mean absolute error and of the distance of the network's own features.
    """

    title: str
    aim: str
    summary: str
    w_mse: float
    w_lpips: float
    dash: str
    w_l1: float = 0.0
    w_features: float = 0.0

    @property
    def weights(self) -> dict[str, float]:
        """The weights that are not zero, {"w_mse": 0.5, ...}."""
        return {name: value for name, value in asdict(self).items() if name.startswith("w_") and value}


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
    "features": LossSpec(
        "features",
        "right to the network itself",
        "absolute error, LPIPS and the network's own features: what it would see again",
        w_mse=0.0,
        w_lpips=0.4,
        dash="dashdot",
        w_l1=1.5,
        w_features=0.6,
    ),
}
