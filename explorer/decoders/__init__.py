"""The registry of decoders. A new decoder is one file and one row in DECODERS."""

from collections.abc import Callable
from dataclasses import dataclass

from explorer.decoders.attention import Attention
from explorer.decoders.blocks import Decoder
from explorer.decoders.frequency_aware import FrequencyAware
from explorer.decoders.linear import Linear
from explorer.decoders.pixel_shuffle import PixelShuffle
from explorer.decoders.transposed_conv import TransposedConv
from explorer.decoders.wavelet import Wavelet
from explorer.errors import unknown

LOSSES = {
    "mse": "mean squared error: as close as possible pixel by pixel",
    "lpips": "LPIPS: as close as possible to the eye",
    "hybrid": "half MSE, half LPIPS",
}


@dataclass(frozen=True)
class DecoderSpec:
    """One kind of decoder: how it is built for a layer (channels, size at 224 px) and how it is made.

    `learning_rate` is the peak of the one-cycle schedule that served it best.
    """

    title: str
    summary: str
    build: Callable[[int, int], Decoder]
    learning_rate: float = 2e-3
    closed_form: bool = False
    starts_from_linear: bool = False

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
}


def decoder_spec(name: str) -> DecoderSpec:
    """Return the registry row of a decoder. Raises UserError listing the allowed names."""
    if name not in DECODERS:
        raise unknown("decoder", name, list(DECODERS))
    return DECODERS[name]
