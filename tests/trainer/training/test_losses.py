import pytest
import torch

from explorer.configurations import Configuration, FusedConfiguration, check_names
from explorer.decoders.losses import LOSSES, LossSpec
from explorer.encoders.frozen import FrozenEncoder
from explorer.measures.lpips import lpips
from explorer.measures.pixels import mse
from trainer.training.losses import OWN, compared, encoded_again, reconstruction_loss


@pytest.fixture
def pair(examples01):
    original = examples01[:2, :, :64, :64]
    return (original + 0.1).clamp(0, 1), original


def test_hybrid_is_half_mse_and_half_lpips(pair):
    expected = 0.5 * mse(*pair).mean().item() + 0.5 * lpips(*pair).mean().item()
    assert reconstruction_loss("hybrid", *pair).item() == pytest.approx(expected, rel=1e-5)


def test_a_new_loss_is_one_row(pair, monkeypatch):
    monkeypatch.setitem(LOSSES, "mostly_mse", LossSpec("mostly MSE", "", "", 0.9, 0.1, "longdash"))
    check_names(Configuration("vgg16", "block1", "wavelet", "mostly_mse"))
    expected = 0.9 * mse(*pair).mean().item() + 0.1 * lpips(*pair).mean().item()
    assert reconstruction_loss("mostly_mse", *pair).item() == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def alexnet() -> FrozenEncoder:
    return FrozenEncoder("alexnet")


def test_a_loss_in_features_adds_the_squared_relative_error_at_the_layer_and_the_shallower_ones(
    pair, alexnet
):
    drawn, original = pair
    places = compared(Configuration("alexnet", "conv3", "upsample_conv", "features"))
    seen, wanted = (encoded_again(x, places, lambda *_: alexnet, "imagenet") for x in pair)
    errors = [
        ((seen[place] - wanted[place]).flatten(1).norm(dim=1) / wanted[place].flatten(1).norm(dim=1))
        .square()
        .mean()
        for place in places
    ]
    assert places == (("alexnet", "conv1"), ("alexnet", "conv2"), ("alexnet", "conv3"))
    spec = LOSSES["features"]
    expected = spec.w_l1 * (drawn - original).abs().mean() + spec.w_lpips * lpips(*pair).mean()
    expected += spec.w_features * (OWN * errors[-1] + (1 - OWN) * sum(errors) / 3)
    found = reconstruction_loss("features", *pair, seen=seen, wanted=wanted)
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)


def test_only_a_loss_in_features_compares_them_and_of_an_ensemble_each_network_has_its_own():
    assert compared(Configuration("vgg16", "block3", "pixel_shuffle", "hybrid")) == ()
    sources = (("vgg16", "block2"), ("alexnet", "conv1"))
    assert compared(FusedConfiguration(sources, "concat", "upsample_conv", "features")) == (
        ("vgg16", "block1"),
        ("vgg16", "block2"),
        ("alexnet", "conv1"),
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_a_gradient_also_outside_the_range(loss, alexnet):
    original = torch.rand(1, 3, 64, 64)
    drawn = (torch.rand(1, 3, 64, 64) * 3 - 1).requires_grad_()
    places = compared(Configuration("alexnet", "conv1", "upsample_conv", loss))
    seen, wanted = (encoded_again(x, places, lambda *_: alexnet, "imagenet") for x in (drawn, original))
    reconstruction_loss(loss, drawn, original, seen=seen, wanted=wanted).backward()
    assert (drawn.grad[drawn < 0] != 0).float().mean() > 0.9


def test_losses_differ_in_every_chart_and_name():
    for values in ({spec.dash for spec in LOSSES.values()}, {spec.title for spec in LOSSES.values()}):
        assert len(values) == len(LOSSES)
