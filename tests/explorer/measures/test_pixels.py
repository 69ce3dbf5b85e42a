"""PSNR, SSIM, MSE and the error map of known pictures."""

import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from explorer.measures.pixels import error_map, mse, psnr, psnr_of_mse, ssim


@pytest.fixture(scope="module")
def pairs(examples01) -> tuple[torch.Tensor, torch.Tensor]:
    noise = torch.randn(examples01.shape, generator=torch.Generator().manual_seed(0))
    amount = torch.tensor([0.01, 0.05, 0.1, 0.2, 0.4, 0.8]).reshape(6, 1, 1, 1)
    return (examples01 + amount * noise).clamp(0, 1), examples01


def test_psnr_and_ssim_are_scikit_images(pairs):
    arrays = [photos.double().permute(0, 2, 3, 1).numpy() for photos in pairs]
    for number, (x, y) in enumerate(zip(*arrays, strict=True)):
        assert psnr(*pairs)[number] == pytest.approx(peak_signal_noise_ratio(y, x, data_range=1), abs=1e-9)
        similarity = structural_similarity(x, y, channel_axis=2, data_range=1)
        assert ssim(*pairs)[number] == pytest.approx(similarity, abs=1e-9)


def test_ssim_is_what_its_definition_says(pairs):
    """Wang et al. 2004 by hand: uniform 7x7 window, sample covariance, K1 = 0.01, K2 = 0.03."""
    windows = [photos[:1].double().unfold(2, 7, 1).unfold(3, 7, 1).flatten(4) for photos in pairs]
    (mx, my), (vx, vy) = ([f(w) for w in windows] for f in (lambda w: w.mean(-1), lambda w: w.var(-1)))
    cov = (windows[0] * windows[1]).mean(-1).sub(mx * my) * 49 / 48
    c1, c2 = 0.01**2, 0.03**2
    by_hand = ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert ssim(*pairs)[0].item() == pytest.approx(by_hand.mean().item(), abs=1e-9)


def test_psnr_of_an_error_is_that_of_its_pictures(pairs):
    assert [psnr_of_mse(error) for error in mse(*pairs).tolist()] == pytest.approx(psnr(*pairs).tolist())
    assert psnr_of_mse(0.0) == math.inf


def test_one_original_serves_all(pairs):
    drawn, one = pairs[0], pairs[1][:1]
    alone = [f(drawn[i : i + 1], one).item() for f in (psnr, ssim) for i in range(len(drawn))]
    assert [*psnr(drawn, one).tolist(), *ssim(drawn, one).tolist()] == pytest.approx(alone)


def test_error_map_is_positive_where_the_reconstruction_is_too_light():
    original = torch.full((1, 3, 32, 32), 0.5)
    lighter = original.clone()
    lighter[..., :16] += 0.2
    error = error_map(lighter, original)
    assert error.shape == (1, 32, 32)
    assert error[0, :, :16].mean().item() == pytest.approx(0.2, abs=1e-6)
    assert error[0, :, 16:].abs().max().item() == 0
