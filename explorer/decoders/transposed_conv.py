"""The decoder of the published studies: a stack of stride-2 transposed convolutions."""

from torch import Tensor, nn

from explorer.decoders.blocks import Decoder, doublings, mid_grey

NARROWEST = 32
WIDEST, NARROWED = 256, 128


class TransposedConv(Decoder):
    """Stride-2 4x4 transposed convolutions + BatchNorm + ReLU, halving channels down to 32, then 3x3 to RGB.

    The up-convolutions of DCGAN (Radford et al. 2016); 34 K parameters at VGG16 block1. More than 256
    channels are first narrowed to 128 by a 1x1 convolution, without which the first up-convolution alone
    would have millions of parameters.
    """

    def __init__(self, channels: int, size: int, width: int | None = None):
        super().__init__(channels, size)
        modules: list[nn.Module] = []
        if width or channels > WIDEST:
            width = width or NARROWED
            modules.append(nn.Conv2d(channels, width, 1))
            channels = width
        for _ in range(doublings(size)):
            narrower = max(NARROWEST, channels // 2)
            modules += [
                nn.ConvTranspose2d(channels, narrower, 4, stride=2, padding=1),
                nn.BatchNorm2d(narrower),
                nn.ReLU(inplace=True),
            ]
            channels = narrower
        self.layers = nn.Sequential(*modules, mid_grey(nn.Conv2d(channels, 3, 3, padding=1)))

    def decode(self, standardised: Tensor) -> Tensor:
        return self.layers(standardised)
