import pytest
import torch

from explorer.configurations import Configuration, check_names
from explorer.decoders.losses import LOSSES, LossSpec
from explorer.measures.lpips import lpips
from explorer.measures.pixels import mse
from trainer.training.losses import reconstruction_loss


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


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_a_gradient_also_outside_the_range(loss):
    original = torch.rand(1, 3, 64, 64)
    drawn = (torch.rand(1, 3, 64, 64) * 3 - 1).requires_grad_()
    reconstruction_loss(loss, drawn, original).backward()
    assert (drawn.grad[drawn < 0] != 0).float().mean() > 0.9


def test_losses_differ_in_every_chart_and_name():
    for values in ({spec.dash for spec in LOSSES.values()}, {spec.title for spec in LOSSES.values()}):
        assert len(values) == len(LOSSES)
