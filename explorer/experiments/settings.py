"""How a photo is searched for by descending (`explorer.experiments.inversion`); imports no torch."""

from dataclasses import dataclass, fields

from explorer.errors import UserError, unknown

STARTS = {
    "grey": "an even grey",
    "noise": "random colours",
    "linear": "the linear decoder's picture",
}
OPTIMISERS = ("adam", "lbfgs")


@dataclass(frozen=True)
class Settings:
    """How a picture is recovered.

    One step is one pass through the encoder and back. It ends after `steps` of each restart, or after
    `seconds` of all together (0: no limit). `learning_rate` is Adam's peak, in units of the range [0, 1].
    `total_variation` weights the mean squared difference of neighbouring pixels, in units of the feature
    distance; `jitter` shifts the picture by up to that many pixels, at random, before each step;
    `coarse_to_fine` begins with large pixels. The best of `restarts` by feature distance is kept; each starts
    from another seed.
    """

    start: str = "linear"
    optimiser: str = "adam"
    steps: int = 600
    seconds: float = 0.0
    learning_rate: float = 0.03
    total_variation: float = 1e-3
    jitter: int = 0
    coarse_to_fine: bool = False
    restarts: int = 1
    seed: int = 0

    def __post_init__(self):
        if self.start not in STARTS:
            raise unknown("start", self.start, list(STARTS))
        if self.optimiser not in OPTIMISERS:
            raise unknown("optimiser", self.optimiser, list(OPTIMISERS))
        for name in ("steps", "restarts", "learning_rate"):
            if not getattr(self, name) > 0:
                raise UserError(f"{name} must be above zero, not {getattr(self, name)}.")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type in (int, float) and value < 0:
                raise UserError(f"{field.name} must not be negative, but is {value}.")


DEFAULT_SETTINGS = Settings()
