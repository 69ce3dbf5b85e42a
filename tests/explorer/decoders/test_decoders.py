import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explorer.decoders import DECODERS, decoder_spec
from explorer.decoders.blocks import doublings
from explorer.decoders.frequency_aware import dct_matrix, split_bands
from explorer.decoders.linear import Linear
from explorer.decoders.pixel_shuffle import PixelShuffle
from explorer.decoders.upsample_conv import UpsampleConv, take_over
from explorer.decoders.wavelet import haar, inverse_haar
from explorer.encoders.table import ENCODERS
from explorer.errors import UserError

SHAPES = sorted({(layer.channels, layer.size) for spec in ENCODERS.values() for layer in spec.layers})


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(("channels", "size"), SHAPES)
def test_every_decoder_draws_a_photo_from_layers_of_every_shape(name, channels, size):
    decoder = decoder_spec(name).build(channels, size).eval()
    photo = decoder(torch.randn(1, channels, size, size))
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
def test_grids_that_do_not_divide_the_photo_work_in_bf16(name):
    decoder = decoder_spec(name).build(8, 17)
    with torch.autocast("cpu", torch.bfloat16):
        drawn = decoder.draw(torch.randn(2, 8, 17, 17), 60)
    assert drawn.dtype == torch.float32 and drawn.shape == (2, 3, 60, 60)
    drawn.sum().backward()


@pytest.mark.parametrize("size", [224, 112, 55, 28, 16, 14, 7])
def test_pixel_shuffle_draws_a_photo_without_its_linear_map(size):
    decoder = PixelShuffle(8, size, linear=False).eval()
    assert decoder.linear is None
    photo = decoder.draw(torch.randn(1, 8, size, size)).detach()
    assert photo.shape == (1, 3, 224, 224)
    assert photo.std() > 0 and abs(photo.mean() - 0.5) < 0.3  # something, around grey


def test_upsample_conv_draws_no_grid_where_all_positions_are_alike():
    torch.manual_seed(0)
    alike = torch.randn(1, 8, 1, 1).expand(1, 8, 28, 28)
    spread = []
    for decoder in (
        PixelShuffle(8, 28, linear=False),
        UpsampleConv(8, 28, linear=False),
        UpsampleConv(8, 28, patches=False),
    ):
        for name, parameter in decoder.eval().named_parameters():
            nn.init.zeros_(parameter) if "grain" in name else nn.init.normal_(parameter, std=0.1)
        inner = decoder.draw(alike)[..., 100:124, 100:124]  # where the photo's border is out of sight
        spread.append((inner.std(dim=(2, 3)).mean() / inner.abs().mean()).item())
    assert spread[0] > 0.1 and max(spread[1:]) < 1e-5


@torch.no_grad()
def test_upsample_conv_without_patches_starts_with_the_colours_of_one_that_has_them():
    torch.manual_seed(0)
    other, decoder = UpsampleConv(8, 28).eval(), UpsampleConv(8, 28, patches=False).eval()
    for parameter in other.linear.parameters():
        nn.init.normal_(parameter, std=0.1)
    other.set_statistics(torch.arange(8.0), torch.full((8,), 2.0))
    decoder.start_from(other)
    features = torch.randn(1, 8, 28, 28)
    patches, colours = (kind.linear.decode(features) for kind in (other, decoder))
    assert torch.allclose(F.avg_pool2d(patches, 8), colours, atol=1e-5)
    assert torch.equal(decoder.tail.weight, other.tail.weight)
    assert torch.equal(decoder.feature_mean, other.feature_mean)


@torch.no_grad()
def test_upsample_conv_takes_over_the_mean_of_a_patch():
    its, mine = nn.Conv2d(4, 12, 3, padding=1), nn.Conv2d(7, 5, 3, padding=1)
    take_over(mine, its, patch=2)
    x = torch.randn(1, 7, 6, 6)
    expected = F.avg_pool2d(F.pixel_shuffle(its(x[:, :4]), 2), 2)
    assert torch.allclose(mine(x)[:, :3], expected, atol=1e-5)
    norm = nn.BatchNorm2d(3).eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        nn.init.uniform_(tensor, 0.5, 2)
    take_over(mine, its, patch=2, norm=norm)
    assert torch.allclose(mine(x)[:, :3], norm(expected), atol=1e-5)


@pytest.mark.parametrize(
    ("size", "linear"), [(55, True), (28, True), (14, True), (13, True), (7, True), (16, False)]
)
@torch.no_grad()
def test_upsample_conv_starts_near_the_pixel_shuffle_decoder(size, linear):
    torch.manual_seed(0)
    other, decoder = (kind(8, size, linear=linear).eval() for kind in (PixelShuffle, UpsampleConv))
    if other.linear is not None:
        nn.init.normal_(other.linear.expand.bias, 0.3, std=0.1)
    decoder.start_from(other)
    features = torch.randn(1, 8, size, size)
    blurred = [F.avg_pool2d(d.draw(features), 32) for d in (other, decoder)]
    assert (blurred[0] - blurred[1]).abs().max() < 0.15


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


def test_inverse_wavelet_transform_gives_the_picture_back():
    picture = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    bands = haar(picture)
    assert bands.shape == (2, 3, 4, 16, 24)
    assert torch.allclose(inverse_haar(bands), picture, atol=1e-6)
    assert bands.square().sum().item() == pytest.approx(picture.square().sum().item(), rel=1e-5)


def test_wavelet_bands_are_mean_rows_columns_and_diagonal():
    rows = torch.tensor([[1.0, 1.0], [0.0, 0.0]]).reshape(1, 1, 2, 2)
    assert haar(rows).flatten().tolist() == [1, 1, 0, 0]
    assert haar(rows.mT).flatten().tolist() == [1, 0, 1, 0]
    assert haar(torch.eye(2).reshape(1, 1, 2, 2)).flatten().tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("size", [7, 16, 28])
def test_cosine_transform_is_scipys(size):
    from scipy.fft import dct

    x = torch.rand(size, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    assert torch.allclose(dct_matrix(size, x) @ x, torch.from_numpy(dct(x.numpy(), norm="ortho")))


@pytest.mark.parametrize("size", [(16, 16), (7, 13)])
def test_bands_split_the_frequencies_and_nothing_is_lost(size):
    x = torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(0))
    low, high = split_bands(x)
    assert low.shape[-2:] == tuple(-(-side // 2) for side in size)
    assert low.mean().item() == pytest.approx(x.mean().item(), abs=1e-5)
    rows, columns = dct_matrix(size[0], x), dct_matrix(size[1], x)
    coefficients = rows @ x @ columns.T
    of_high = rows @ high @ columns.T
    kept = coefficients[..., : low.shape[-2], : low.shape[-1]]
    assert of_high[..., : low.shape[-2], : low.shape[-1]].abs().max() < 1e-5
    assert torch.allclose(of_high[..., -1, -1], coefficients[..., -1, -1], atol=1e-5)
    total = low.square().sum() * x[0, 0].numel() / low[0, 0].numel() + high.square().sum()
    assert total.item() == pytest.approx(x.square().sum().item(), rel=1e-4)
    assert kept.square().sum().item() == pytest.approx((x - high).square().sum().item(), rel=1e-4)


def test_attention_lets_every_position_see_every_other():
    decoder = decoder_spec("attention").build(8, 14).eval()
    features = torch.randn(1, 8, 14, 14, generator=torch.Generator().manual_seed(0))
    changed = features.clone()
    changed[..., 0, 0] += 3
    with torch.inference_mode():
        difference = (decoder(features) - decoder(changed)).abs().amax(dim=1)[0]
    assert difference[-1, -1] > 0


@pytest.mark.parametrize("name", [name for name, spec in DECODERS.items() if not spec.closed_form])
def test_matched_decoders_have_one_size_at_every_layer(name):
    for architecture in ("vgg16", "dinov2_small"):
        for layer in ENCODERS[architecture].layers[::2]:
            decoder = decoder_spec(f"{name}@1M").build(layer.channels, layer.size)
            assert 0.85e6 <= sum(p.numel() for p in decoder.parameters()) <= 1e6


def test_matched_decoders_draw_photos():
    for name in ("attention", "pixel_shuffle"):
        assert decoder_spec(f"{name}@1M").build(512, 7)(torch.randn(1, 512, 7, 7)).shape == (1, 3, 224, 224)


def test_unknown_budget_lists_the_allowed_ones():
    with pytest.raises(UserError, match="choose one of 1M"):
        decoder_spec("wavelet@2M")
