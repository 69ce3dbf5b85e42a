import pytest
import torch

from explorer.measures.baselines import blur, blur_metrics
from explorer.measures.metrics import measure


def test_blur_on_a_grid_keeps_the_mean_colour_of_each_position():
    checks = (torch.arange(224)[:, None] + torch.arange(224)) % 2
    photo01 = checks.float().expand(3, 224, 224)[None]
    assert torch.allclose(blur(photo01, 56), torch.full((1, 3, 224, 224), 0.5), atol=1e-6)


def test_blur_stays_a_photo_where_bicubic_overshoots():
    edge = torch.zeros(1, 3, 224, 224)
    edge[..., 112:] = 1
    found = blur(edge, 14)
    assert found.min() == 0 and found.max() == 1


def test_finer_grid_blurs_less(examples01):
    decibels = [blur_metrics(examples01[0], size).psnr for size in (7, 13, 28, 55, 112)]
    assert decibels == sorted(decibels)
    assert decibels[-1] > decibels[0] + 5


def test_figures_of_one_photo_are_those_of_its_blur(examples01):
    photos01 = examples01[:2]
    found = [blur_metrics(photo01, 28) for photo01 in photos01]
    together = measure(blur(photos01, 28), photos01)
    assert [x.psnr for x in found] == pytest.approx([x.psnr for x in together], abs=1e-4)
    assert [x.lpips for x in found] == pytest.approx([x.lpips for x in together], abs=1e-5)


def test_normalised_photo_is_refused():
    with pytest.raises(ValueError, match="normalised"):
        blur_metrics(torch.randn(3, 224, 224), 28)
