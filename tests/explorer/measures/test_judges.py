"""The judges: what they say of the photo itself, of nothing, and of a picture that repeats itself."""

from functools import partial

import pytest
import torch

from explorer.configurations import Configuration, FusedConfiguration
from explorer.measures.baselines import blur, flat
from explorer.measures.judges import (
    JUDGES,
    judge,
    judge_of,
    mean_features,
    relative_errors,
    similarity,
    weave,
    what_judges_see,
)
from explorer.photos.photo import Photo
from explorer.photos.tensors import to_pil

ALEXNET = Configuration("alexnet", "conv5", "linear", "mse")


def test_no_network_judges_what_was_inverted_from_it():
    assert judge_of(ALEXNET) == ("dinov2_small", "block11")
    assert judge_of(Configuration("dinov2_small", "block2")) == ("efficientnet_lite0", "stage4")
    both = FusedConfiguration(
        (("dinov2_small", "block2"), ("efficientnet_lite0", "stage1")), "concat", "linear", "mse"
    )
    assert judge_of(both) is None


def test_no_features_are_an_error_of_one_and_the_same_ones_of_none():
    target = torch.rand(2, 3, 4, 4)
    assert relative_errors(torch.zeros_like(target), target).tolist() == pytest.approx([1, 1])
    assert relative_errors(target, target).tolist() == [0, 0]
    assert relative_errors(target[:1], target).tolist()[0] == 0


def test_similarity_is_of_what_differs_from_the_mean():
    mean, photo = torch.full((4, 2, 2), 5.0), torch.randn(1, 4, 2, 2)
    assert similarity(mean + photo, mean + photo, mean).item() == pytest.approx(1)
    assert similarity(mean - photo, mean + photo, mean).item() == pytest.approx(-1)


@pytest.mark.parametrize("grid", [7, 13, 14, 56])
def test_a_texture_at_the_grids_step_is_a_weave_and_at_another_is_not(examples01, grid):
    across = torch.arange(224) * grid / 224
    wave = 0.2 * torch.sin(2 * torch.pi * across)
    smooth01 = blur(examples01[:1], 4)
    woven01 = (smooth01 * 0.5 + 0.25 + wave + wave[:, None] * 0.5).clamp(0, 1)
    assert weave(woven01, examples01[:1], grid).item() > 0.4
    assert weave(examples01, examples01, grid).tolist() == [0] * 6
    assert abs(weave(flat(examples01[:1]), smooth01, grid).item()) < 1


def test_the_judges_prefer_the_photo_to_its_blur_and_that_to_one_colour(explorer, examples01):
    photo = Photo(to_pil(examples01[0]), (224, 224))
    seen = what_judges_see(ALEXNET, partial(explorer.engine.features, photo))
    assert set(seen) == {("alexnet", "conv5"), JUDGES[0]}
    errors, likenesses = [], []
    for drawn01 in (photo.photo01[None], blur(photo.photo01[None], 28), flat(photo.photo01[None])):
        drawn = Photo(to_pil(drawn01[0]), (224, 224))
        found = what_judges_see(ALEXNET, partial(explorer.engine.features, drawn))
        figures = judge(ALEXNET, drawn01, photo.photo01[None], found, seen)
        errors += figures["feature_error"]
        likenesses += figures["similarity"]
    assert errors[0] == pytest.approx(0, abs=1e-5) and likenesses[0] == pytest.approx(1, abs=1e-4)
    assert errors == sorted(errors) and likenesses == sorted(likenesses, reverse=True)


def test_the_mean_features_have_the_shape_of_the_layer():
    assert mean_features(JUDGES[0]).shape == (384, 16, 16)
    assert mean_features(JUDGES[1]).shape == (112, 14, 14)
