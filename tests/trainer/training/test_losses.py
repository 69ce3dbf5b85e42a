import pytest
import torch

from explorer.measures.lpips import lpips
from explorer.measures.pixels import mse
from trainer.training.losses import reconstruction_loss


def test_hybrid_is_half_mse_and_half_lpips(examples01):
    original = examples01[:2, :, :64, :64]
    drawn = (original + 0.1).clamp(0, 1)
    expected = 0.5 * mse(drawn, original).mean().item() + 0.5 * lpips(drawn, original).mean().item()
    assert reconstruction_loss("hybrid", drawn, original).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", ["mse", "lpips", "hybrid"])
def test_every_loss_has_a_gradient_also_outside_the_range(loss):
    original = torch.rand(1, 3, 64, 64)
    drawn = (torch.rand(1, 3, 64, 64) * 3 - 1).requires_grad_()
    reconstruction_loss(loss, drawn, original).backward()
    assert (drawn.grad[drawn < 0] != 0).float().mean() > 0.9
