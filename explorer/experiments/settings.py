"""How a photo is searched for by descending (`explorer.experiments.inversion`); imports no torch."""

from dataclasses import dataclass, replace

from explorer.errors import UserError, unknown

PRIORS = {
    "pixels": "the pixels of a picture",
    "decoder": "the weights of a trained decoder",
    "network": "the weights of a fresh network",
}
STARTS = {
    "grey": "an even grey",
    "noise": "random colours",
    "linear": "the linear decoder's picture",
}
OPTIMISERS = ("adam", "lbfgs")
MOST = {
    "steps": 1_000_000,
    "seconds": 86_400,
    "learning_rate": 10,
    "total_variation": 1000,
    "anchor": 1000,
    "warm": 10_000,
    "jitter": 112,
    "restarts": 100,
    "seed": 2**32 - 1,
}


@dataclass(frozen=True)
class Settings:
    """How a picture is recovered, and on what is descended: PRIORS.

    One step is one pass through the encoder and back. It ends after `steps` of each restart, or after
    `seconds` of all together (0: no limit). `learning_rate` is Adam's peak. `total_variation` weights the
    mean squared difference of neighbouring pixels, and `anchor` that of coarse colours from the decoder's
    picture, both in units of the feature distance. In its first `warm` steps a fresh network learns the
    decoder's picture. The best of `restarts` by feature distance is kept; each starts from another seed.

    For pixels only: `start`, the picture that the descent begins with; `jitter` shifts the picture by up to
    that many pixels, at random, before each step; `coarse_to_fine` begins with large pixels; `optimiser`.
    """

    prior: str = "pixels"
    start: str = "linear"
    optimiser: str = "adam"
    steps: int = 600
    seconds: float = 0.0
    learning_rate: float = 0.03
    total_variation: float = 1e-3
    anchor: float = 0.0
    warm: int = 0
    jitter: int = 0
    coarse_to_fine: bool = False
    restarts: int = 1
    seed: int = 0

    def __post_init__(self):
        for name, allowed in (("prior", PRIORS), ("start", STARTS), ("optimiser", OPTIMISERS)):
            if getattr(self, name) not in allowed:
                raise unknown(name, getattr(self, name), list(allowed))
        for name in ("steps", "restarts", "learning_rate"):
            if not getattr(self, name) > 0:
                raise UserError(f"{name} must be above zero, not {getattr(self, name)}.")
        for name, most in MOST.items():
            if not 0 <= getattr(self, name) <= most:  # also false for NaN
                raise UserError(f"{name} must be from 0 to {most}, not {getattr(self, name)}.")
        if self.prior != "pixels" and self.optimiser != "adam":
            raise UserError("Weights are descended on with the optimiser adam only.")


DEFAULT_SETTINGS = Settings()
MANY_STEPS = 100_000  # where seconds end a search
COARSE_GRID = 7  # and fewer places a side: of a decoder that draws none of what the features hold, the
# weights find texture there that only the network sees
FINE_GRID = 20  # and more places a side: searches on weights were not tried there
ON_WEIGHTS = {
    "decoder": Settings("decoder", steps=300, learning_rate=1e-3, total_variation=3.0, anchor=3.0),
    "network": Settings("network", steps=300, learning_rate=8e-3, total_variation=0.0, anchor=3.0, warm=40),
}
ON_COARSE = {"anchor": 1.0}
ON_DRAWN = {"learning_rate": 3e-4, "total_variation": 0.3, "anchor": 1.0}  # from a decoder for features


def usual_prior(size: int, drawn: bool = False) -> str:
    """Return the prior for a layer with a grid of `size` x `size`; `drawn`: from a decoder for features.

    Found on two or three validation photos at 7x7, 13x13 and 16x16; finer grids were not tried and keep the
    pixels.
    """
    if size <= COARSE_GRID and not drawn:
        return "network"
    return "decoder" if size < FINE_GRID else "pixels"


def usual_settings(prior: str, size: int, drawn: bool = False) -> Settings:
    """Return what served a prior best at a layer with a grid of `size` x `size`, on a few validation photos.

    Without a prior it is the usual one. `drawn`: the search begins from a decoder for features, which has
    drawn what a higher rate and smoothing would take away. Raises UserError listing the priors.
    """
    prior = prior or usual_prior(size, drawn)
    if prior not in PRIORS:
        raise unknown("prior", prior, list(PRIORS))
    found = ON_WEIGHTS.get(prior, DEFAULT_SETTINGS)
    if prior == "decoder" and drawn:
        return replace(found, **ON_DRAWN)
    return replace(found, **ON_COARSE) if prior in ON_WEIGHTS and size <= COARSE_GRID else found
