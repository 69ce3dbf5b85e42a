import pytest
import torch

from explorer.decoders import DECODERS, decoder_spec
from explorer.decoders.blocks import doublings
from explorer.decoders.linear import Linear
from explorer.encoders import ENCODERS
from explorer.errors import UserError

LAYERS = [layer for spec in ENCODERS.values() for layer in spec.layers]


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_decoder_draws_a_photo_from_every_layer(name, layer):
    decoder = decoder_spec(name).build(layer.channels, layer.size).eval()
    photo = decoder(torch.randn(1, layer.channels, layer.size, layer.size))
    assert photo.shape == (1, 3, 224, 224)
    assert photo.min() >= 0 and photo.max() <= 1
    assert sum(p.numel() for p in decoder.parameters()) < 4_000_000


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(
    ("size", "grid", "asked"), [(55, 55, 224), (27, 27, 224), (16, 16, 224), (28, 20, 100)]
)
def test_grids_that_do_not_divide_the_photo_work(name, size, grid, asked):
    decoder = decoder_spec(name).build(8, size).eval()
    assert decoder(torch.randn(2, 8, grid, grid), size=asked).shape == (2, 3, asked, asked)


@pytest.mark.parametrize("name", DECODERS)
def test_wrong_channel_count_is_refused(name):
    with pytest.raises(ValueError, match=r"\(N, 8, H, W\)"):
        decoder_spec(name).build(8, 28)(torch.zeros(1, 9, 28, 28))


def test_transposed_conv_has_34_k_parameters_at_vgg16_block1():
    assert sum(p.numel() for p in decoder_spec("transposed_conv").build(64, 112).parameters()) == 33_731


def test_features_are_standardised_per_channel_and_clamped():
    decoder = Linear(2, 112)
    decoder.set_statistics(torch.tensor([1.0, 5.0]), torch.tensor([2.0, 0.0]))
    standardised = decoder.standardise(torch.tensor([3.0, 5.5]).reshape(1, 2, 1, 1))
    assert standardised.flatten().tolist() == [1.0, 0.5]  # the constant channel is only centred
    assert decoder.standardise(torch.full((1, 2, 1, 1), 1e6)).eq(6).all()


def test_linear_decoder_is_linear_before_the_clamp():
    torch.manual_seed(0)
    decoder = Linear(4, 56)
    a, b = torch.rand(2, 1, 4, 8, 8)
    zero = decoder.decode(torch.zeros_like(a))
    combined = decoder.decode(2 * a - b) - zero
    assert torch.allclose(combined, 2 * (decoder.decode(a) - zero) - (decoder.decode(b) - zero), atol=1e-5)


def test_unknown_decoder_lists_the_allowed_ones():
    with pytest.raises(UserError, match="linear, transposed_conv"):
        decoder_spec("wavelets of joy")


@pytest.mark.parametrize(("size", "count"), [(224, 0), (112, 1), (55, 3), (56, 2), (16, 4), (14, 4), (7, 5)])
def test_doublings_reach_the_photo(size, count):
    assert doublings(size) == count
    assert size * 2**count >= 224
