import numpy as np
import pytest
import torch

from trainer.data.changes import changed_view, changed_views


@pytest.fixture(scope="module")
def ramp() -> torch.Tensor:
    """A photo of 300 x 500 pixels that grows lighter by half a step of 255 a column, as uint8."""
    return (torch.arange(500) / 2).byte().expand(3, 300, 500)


def views(photo: torch.Tensor, count: int, size: int = 64) -> torch.Tensor:
    draw = np.random.Generator(np.random.Philox(key=3))
    return torch.stack([changed_view(photo, size, draw) for _ in range(count)])


def test_views_depend_on_seed_and_step_alone(photos):
    first, again, other = (changed_views(photos, step, 3, 64, 1) for step in (3, 3, 4))
    assert first.shape == (3, 3, 64, 64) and first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_scale_goes_from_the_crop_to_the_whole_short_side_and_half_are_mirrored(ramp):
    grown = views(ramp, 200)[:, 1, 32, [8, 55]].diff()[:, 0] * 255 * 64 / 47  # steps of 255 across a view
    assert grown.abs().min() < 50 and grown.abs().max() > 110  # 64 columns are 32 steps, 300 are 150
    assert 0.35 < (grown < 0).float().mean() < 0.65


def test_half_are_in_other_light_and_some_are_turned():
    grey = torch.full((3, 128, 128), 128, dtype=torch.uint8)
    lit = (views(grey, 100).flatten(1) - 128 / 255).abs().amax(dim=1) > 0.004
    assert 0.35 < lit.float().mean() < 0.65
    rows = (torch.arange(300) / 2).byte()[:, None].expand(3, 300, 300)
    turned = views(rows, 100)[:, 0, 32, [4, 59]].diff()[:, 0].abs() > 0.002
    assert 0.15 < turned.float().mean() < 0.5


def test_a_turned_view_shows_nothing_from_outside_the_photo():
    white = torch.full((3, 70, 70), 255, dtype=torch.uint8)
    assert views(white, 100)[..., :1].min() > 0.5
