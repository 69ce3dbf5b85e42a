"""What all decoders share: standardised features in, a photo of the asked size in [0, 1] out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PHOTO_SIZE = 224
STANDARDISED_LIMIT = 6.0


class Decoder(nn.Module):
    """Base of every decoder. A subclass builds its network for one layer and implements `decode`.

    `channels` and `size` are the layer's at a 224-pixel photo; features of any height and width are accepted.
    The per-channel statistics of the features are buffers, so they travel with the checkpoint. A subclass
    takes a third argument, its width (None: what suits it), in multiples of `width_step`.
    """

    width_step = 8

    def __init__(self, channels: int, size: int):
        super().__init__()
        self.channels = channels
        self.size = size
        self.register_buffer("feature_mean", torch.zeros(channels, 1, 1))
        self.register_buffer("feature_std", torch.ones(channels, 1, 1))

    def decode(self, standardised: Tensor) -> Tensor:
        """Return an unclamped photo (N, 3, h, w), at least as large as the encoder's, from (N, C, H, W)."""
        raise NotImplementedError

    def start_from(self, other: "Decoder") -> None:
        """Take over another decoder of the same kind and layer."""
        self.load_state_dict(other.state_dict())

    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Store the features' per-channel mean and std (both (C,)); constant channels are left unscaled."""
        self.feature_mean.copy_(mean.reshape(-1, 1, 1))
        self.feature_std.copy_(torch.where(std > 1e-6, std, torch.ones_like(std)).reshape(-1, 1, 1))

    @property
    def statistics(self) -> tuple[Tensor, Tensor]:
        """The features' per-channel mean and std, (C, 1, 1) each."""
        return self.feature_mean, self.feature_std

    def standardise(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) with zero mean and unit variance per channel, clamped to +-6.

        Raises ValueError when the channel count is not the one this decoder was made for.
        """
        if features.ndim != 4 or features.shape[1] != self.channels:
            raise ValueError(f"expected (N, {self.channels}, H, W) features, got {tuple(features.shape)}")
        return standardised(features, *self.statistics)

    def draw(self, features: Tensor, size: int = PHOTO_SIZE) -> Tensor:
        """Return the photo before it is clamped to [0, 1], float32 (N, 3, size, size): what a loss sees."""
        photo = self.decode(self.standardise(features)).float()  # bf16 cannot be resized everywhere
        if photo.shape[-2:] == (size, size):
            return photo
        return F.interpolate(photo, (size, size), mode="bilinear", antialias=True)

    def forward(self, features: Tensor, size: int = PHOTO_SIZE) -> Tensor:
        """Return photos (N, 3, size, size) in [0, 1] from features (N, C, H, W)."""
        return self.draw(features, size).clamp(0, 1)


def standardised(features: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return features (N, C, H, W) less mean and over std, (C, 1, 1) each, clamped to +-6."""
    return ((features - mean) / std).clamp(-STANDARDISED_LIMIT, STANDARDISED_LIMIT)


def doublings(size: int, target: int = PHOTO_SIZE) -> int:
    """Return how many times a grid of `size` must double to reach at least `target`."""
    return max(0, -(-target // size) - 1).bit_length()


def mid_grey(conv: nn.Conv2d) -> nn.Conv2d:
    """Start an output convolution at mid-grey, the middle of the range the photo lives in."""
    nn.init.constant_(conv.bias, 0.5)
    return conv
