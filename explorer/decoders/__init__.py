"""The registry of decoders. A new decoder is one file and one row in DECODERS."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from explorer.decoders.attention import Attention
from explorer.decoders.blocks import Decoder
from explorer.decoders.frequency_aware import FrequencyAware
from explorer.decoders.linear import Linear
from explorer.decoders.losses import LOSSES
from explorer.decoders.pixel_shuffle import PixelShuffle
from explorer.decoders.transposed_conv import TransposedConv
from explorer.decoders.upsample_conv import UpsampleConv
from explorer.decoders.wavelet import Wavelet
from explorer.errors import unknown

BUDGETS = {"1M": 1_000_000}
MAX_WIDTH = 4096


@dataclass(frozen=True)
class DecoderSpec:
    """One kind of decoder: how it is built for a layer and how it is made.

    `build(channels, size)` takes the layer's channels and its size at 224 px, and optionally a width, which
    is what a capacity-matched variant varies.

    `learning_rate` is the peak of the one-cycle schedule that served it best. `starts_from` names the decoder
    whose checkpoint for mse, where there is one, it takes the most from. `version` is raised when its code
    draws something else from the same weights: what the one before scored is then measured again.
    """

    title: str
    summary: str
    build: Callable[..., Decoder]
    learning_rate: float = 2e-3
    closed_form: bool = False
    starts_from_linear: bool = False
    starts_from: str = ""
    version: int = 1

    @property
    def losses(self) -> list[str]:
        """The losses it can be made with; a closed-form decoder minimises the squared error only."""
        return ["mse"] if self.closed_form else list(LOSSES)


DECODERS: dict[str, DecoderSpec] = {
    "linear": DecoderSpec(
        "Linear map",
        "One matrix, solved in closed form: what can be read off the features without any learning.",
        Linear,
        closed_form=True,
    ),
    "transposed_conv": DecoderSpec(
        "Transposed convolutions",
        "A small trained network that doubles the picture step by step.",
        TransposedConv,
    ),
    "attention": DecoderSpec(
        "Attention",
        "A trained transformer: every position of the feature map may look at every other.",
        Attention,
        learning_rate=1e-3,
    ),
    "frequency_aware": DecoderSpec(
        "Frequency-aware",
        "A trained network that treats slow and fast changes apart, split by a cosine transform.",
        FrequencyAware,
        learning_rate=2e-3,
    ),
    "wavelet": DecoderSpec(
        "Wavelet",
        "A trained network that draws a small picture, then finer and finer details.",
        Wavelet,
        learning_rate=2e-3,
    ),
    "pixel_shuffle": DecoderSpec(
        "Pixel shuffle",
        "The linear map plus a trained correction: the sharpest and most exact of these decoders.",
        PixelShuffle,
        learning_rate=5e-4,
        starts_from_linear=True,
    ),
    "upsample_conv": DecoderSpec(
        "Upsampling",
        "A sketch of the colours, enlarged smoothly and painted over step by step: no grid of patches shows.",
        UpsampleConv,
        learning_rate=1e-3,
        starts_from_linear=True,
        starts_from="pixel_shuffle",
    ),
}


def decoder_spec(name: str) -> DecoderSpec:
    """Return the registry row of a decoder, "wavelet", or of its capacity-matched variant, "wavelet@1M".

    A variant has the same number of parameters at every layer of every architecture, as nearly as its width
    allows, so that layers can be compared without the decoder's size. Raises UserError listing the names.
    """
    base, _, budget = name.partition("@")
    if base not in DECODERS:
        raise unknown("decoder", name, list(DECODERS))
    spec = DECODERS[base]
    if not budget:
        return spec
    if budget not in BUDGETS:
        raise unknown("budget", budget, list(BUDGETS))
    return replace(
        spec,
        title=f"{spec.title}, {budget} parameters",
        summary=f"{spec.summary} At every layer its width is set to give {budget} parameters.",
        build=partial(build_matched, spec.build, BUDGETS[budget]),
        starts_from="",  # its widths are others
    )


def build_matched(
    build: Callable[..., Decoder], budget: int, channels: int, size: int, **options: bool
) -> Decoder:
    """Return the widest decoder with at most `budget` parameters; the narrowest if even that has more."""

    def parameters(steps: int) -> int:
        with torch.device("meta"):
            decoder = build(channels, size, steps * build.width_step, **options)
        return sum(p.numel() for p in decoder.parameters())

    low, high = 1, 2
    while high * build.width_step < MAX_WIDTH and parameters(high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if parameters(middle) <= budget else (low, middle)
    return build(channels, size, low * build.width_step, **options)
