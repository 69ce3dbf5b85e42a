"""A decoder that looks at the whole picture at once: transformer blocks over the feature map's positions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.decoders.blocks import PHOTO_SIZE, Decoder, mid_grey

WIDTH, DEPTH, HEAD_WIDTH = 96, 2, 32
MAX_TOKENS = 56 * 56
FINE_GRID = 56


class Attention(Decoder):
    """Transformer blocks over H x W tokens, then sub-pixel upsampling.

    Pre-norm blocks as in ViT (Dosovitskiy et al. 2021) with PyTorch's fused attention, whose memory grows
    with the number of tokens and not with its square. A grid of more than 3,136 tokens at 224 pixels
    (VGG16 block1 has 12,544) is merged in 2x2 patches first. The position embedding is learned on the
    layer's own grid and resized to any other.
    """

    def __init__(self, channels: int, size: int, width: int | None = None):
        super().__init__(channels, size)
        width = width or WIDTH
        self.merge = 2 if size * size > MAX_TOKENS else 1
        grid = -(-size // self.merge)
        self.embed = nn.Conv2d(channels, width, self.merge, stride=self.merge)
        self.position = nn.Parameter(torch.zeros(1, width, grid, grid))
        nn.init.trunc_normal_(self.position, std=0.02)
        self.blocks = nn.ModuleList(Block(width) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(width)
        modules: list[nn.Module] = []
        while 2 * grid <= FINE_GRID:
            narrower = max(32, width // 2)
            modules += [nn.Conv2d(width, 4 * narrower, 3, padding=1), nn.PixelShuffle(2), nn.GELU()]
            width, grid = narrower, 2 * grid
        patch = -(-PHOTO_SIZE // grid)
        self.up = nn.Sequential(
            *modules, mid_grey(nn.Conv2d(width, 3 * patch**2, 3, padding=1)), nn.PixelShuffle(patch)
        )

    def decode(self, standardised: Tensor) -> Tensor:
        height, width = standardised.shape[-2:]
        edge = (0, -width % self.merge, 0, -height % self.merge)
        x = self.embed(F.pad(standardised, edge, mode="replicate") if any(edge) else standardised)
        position = self.position
        if position.shape[-2:] != x.shape[-2:]:
            position = F.interpolate(position, x.shape[-2:], mode="bicubic", antialias=True)
        grid = x.shape[-2:]
        tokens = (x + position).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        return self.up(self.norm(tokens).transpose(1, 2).unflatten(2, grid))


class Block(nn.Module):
    """Self-attention and a two-layer perceptron on tokens (N, T, width), both pre-norm and residual."""

    def __init__(self, width: int):
        super().__init__()
        self.heads = next(n for n in range(max(1, width // HEAD_WIDTH), 0, -1) if width % n == 0)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(tokens)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v)
        tokens = tokens + self.out(attended.transpose(1, 2).flatten(2))
        return tokens + self.mlp(self.norm2(tokens))
