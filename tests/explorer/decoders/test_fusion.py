"""Fusion: several feature maps in, one out, whatever their grids, channels and number."""

import pytest
import torch

from explorer.checkpoints.files import build_decoder
from explorer.configurations import Configuration, FusedConfiguration, configuration_of, in_order, parse_place
from explorer.decoders import DECODERS
from explorer.decoders.fusion import FUSIONS, Align
from explorer.encoders.table import ENCODERS
from explorer.errors import UserError

BUNDLED = (
    ("vgg16", "block1"),
    ("alexnet", "conv1"),
    ("efficientnet_lite0", "stage1"),
    ("dinov2_small", "block0"),
)
DEEP = (
    ("vgg16", "block5"),
    ("alexnet", "conv5"),
    ("efficientnet_lite0", "stage5"),
    ("dinov2_small", "block11"),
)


def fused(sources=BUNDLED, fusion="concat", decoder="transposed_conv", seed=0):
    torch.manual_seed(seed)
    return build_decoder(FusedConfiguration(sources, fusion, decoder, "mse")).eval()


def noise(sources=BUNDLED, photos=1, seed=1):
    """Features of the right shapes for photos of 224 pixels."""
    draw = torch.Generator().manual_seed(seed)
    layers = [ENCODERS[architecture].layer(layer) for architecture, layer in sources]
    return [torch.randn(photos, layer.channels, layer.size, layer.size, generator=draw) for layer in layers]


@pytest.mark.parametrize("sources", [BUNDLED, DEEP])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_any_sources_become_one_map_of_the_largest(fusion, sources):
    decoder = fused(sources, fusion)
    largest = max((ENCODERS[name].layer(layer) for name, layer in sources), key=lambda layer: layer.size)
    with torch.no_grad():
        found = decoder.fusion(decoder.standardise(noise(sources, photos=2)))
        photos = decoder(noise(sources, photos=2))
    assert found.shape == (2, largest.channels, largest.size, largest.size)
    assert photos.shape == (2, 3, 224, 224) and photos.min() >= 0 and photos.max() <= 1


@pytest.mark.parametrize("decoder", DECODERS)
def test_it_feeds_any_decoder_and_learns_through_it(decoder):
    sources = (("vgg16", "block3"), ("alexnet", "conv2"))
    model = fused(sources, "attention", decoder).train()
    for parameter in model.parameters():  # what starts at zero passes no gradient on
        torch.nn.init.normal_(parameter, std=0.05) if not parameter.any() else None
    model.draw(noise(sources, photos=2), 224).square().mean().backward()
    still = [name for name, p in model.fusion.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


@pytest.mark.parametrize("fusion", ["weighted", "attention"])
def test_weights_are_a_share_of_every_source_at_every_place(fusion):
    decoder = fused(fusion=fusion)
    for parameter in decoder.fusion.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        weights = decoder.weights(noise(photos=2))
    assert weights.shape == (2, 4, 112, 112)
    assert torch.allclose(weights.sum(dim=1), torch.ones(2, 112, 112), atol=1e-5)
    spread = weights.flatten(2).std(dim=2)
    assert (spread < 1e-6).all() if fusion == "weighted" else (spread > 1e-3).all()


def test_stacked_channels_are_not_weighed():
    assert fused().weights(noise()) is None


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("decoder", ["transposed_conv", "pixel_shuffle"])
def test_it_begins_as_the_decoder_of_its_largest_source(fusion, decoder):
    torch.manual_seed(3)
    alone = build_decoder(Configuration("vgg16", "block1", decoder, "mse")).eval()
    alone.set_statistics(torch.randn(64), torch.rand(64) + 0.5)
    if decoder == "pixel_shuffle":
        torch.nn.init.normal_(alone.tail.weight, std=0.1)
        torch.nn.init.normal_(alone.linear.expand.weight, std=0.1)
    together, features = fused(fusion=fusion, decoder=decoder), noise()
    together.start_from(alone)
    with torch.no_grad():
        assert torch.allclose(together(features), alone(features[0]), atol=1e-5)


def test_pixel_shuffle_of_several_sources_begins_as_the_linear_map_of_the_largest():
    linear = build_decoder(Configuration("vgg16", "block1", "linear", "mse")).eval()
    linear.set_statistics(torch.randn(64), torch.rand(64) + 0.5)
    together, features = fused(decoder="pixel_shuffle"), noise()
    together.start_from(linear)
    with torch.no_grad():
        assert torch.allclose(together(features), linear(features[0]), atol=1e-5)


def test_upsample_conv_without_patches_begins_with_the_colours_of_its_largest_source():
    names = "upsample_conv", "features"
    single = Configuration("vgg16", "block1", *names)
    alone, colours = (build_decoder(single, start).eval() for start in ("linear", "colours"))
    torch.nn.init.normal_(alone.linear.expand.weight, std=0.1)
    together = build_decoder(FusedConfiguration(BUNDLED, "concat", *names), "colours").eval()
    together.start_from(alone)
    colours.start_from(alone)
    features = noise()
    with torch.no_grad():
        assert torch.allclose(together(features), colours(features[0]), atol=1e-5)


def test_a_source_that_is_left_out_is_its_mean_everywhere():
    decoder, features = fused(), noise()
    decoder.set_statistics(torch.arange(528.0), torch.ones(528))
    left = decoder.without(features, 1)
    assert [torch.equal(a, b) for a, b in zip(left, features, strict=True)] == [True, False, True, True]
    assert torch.equal(left[1][0, :, 5, 5], torch.arange(64.0, 128.0))
    assert not decoder.standardise(left)[1].any()


def test_a_coarse_position_is_laid_out_on_its_own_patch_of_the_fine_grid():
    align = Align(48, 28, 112)
    x = torch.zeros(1, 48, 28, 28)
    with torch.no_grad():
        changed = align(x, (112, 112))
        x[0, :, 10, 20] = 1.0
        changed = (align(x, (112, 112)) - changed).abs().amax(dim=(0, 1))
    assert align.channels == 48 // 16
    assert changed[40:44, 80:84].all() and changed.count_nonzero() == 16


def test_laying_out_many_channels_stays_affordable():
    for layer in ENCODERS["resnet50"].layers:
        assert sum(p.numel() for p in Align(layer.channels, layer.size, 56).parameters()) <= 2**20 + 4096


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda x: x[:3], "expected"),
        (lambda x: [x[2], x[1], x[0], x[3]], "expected"),
        (lambda x: [x[0].repeat(2, 1, 1, 1), *x[1:]], "different numbers of photos"),
        (lambda x: [x[0][..., :96], *x[1:]], "photos of different sizes"),
    ],
)
def test_sources_that_do_not_belong_together_are_refused(spoil, said):
    with pytest.raises(ValueError, match=said):
        fused()(spoil(noise()))


def test_sources_of_one_other_size_belong_together():
    sources = (("vgg16", "block1"), ("alexnet", "conv1"))
    photo = [torch.randn(1, 64, 48, 64), torch.randn(1, 64, 23, 31)]  # 96 x 128 pixels
    with torch.no_grad():
        assert fused(sources)(photo, 96).shape == (1, 3, 96, 96)


def test_a_source_that_is_there_twice_is_named():
    with pytest.raises(UserError, match="vgg16/block1 is there twice"):
        FusedConfiguration((*BUNDLED, ("vgg16", "block1")), "concat", "linear", "mse")


def test_one_source_is_no_ensemble():
    with pytest.raises(UserError, match="two sources or more"):
        FusedConfiguration(BUNDLED[:1], "concat", "linear", "mse")


@pytest.mark.parametrize("text", ["vgg16", "vgg16/", "/block1", "vgg16/block1/linear", ""])
def test_a_source_is_an_architecture_and_a_layer(text):
    with pytest.raises(UserError, match="write architecture/layer"):
        parse_place(text)


def test_configurations_are_read_back_from_their_data():
    single = Configuration("vgg16", "block1", "linear", "mse")
    several = FusedConfiguration(BUNDLED, "attention", "wavelet", "hybrid", "random")
    for configuration in (single, several):
        assert configuration_of(configuration.to_dict()) == configuration
    assert several.name == (
        "vgg16-block1+alexnet-conv1+efficientnet_lite0-stage1+dinov2_small-block0-attention-wavelet-hybrid-random"
    )
    assert several.largest == ("vgg16", "block1")
    assert in_order([several, single]) == [single, several]
