import pytest
import torch

from explorer.errors import UserError
from explorer.measures.pixels import psnr
from trainer.measuring.protocols import PROTOCOLS, describe, normalised_and_clipped, protocol_spec


def test_published_reference_is_the_normalised_photo_clipped(examples01):
    found = normalised_and_clipped(examples01)
    red = (examples01[:, 0] - 0.485) / 0.229
    assert torch.allclose(found[:, 0], red.clamp(0, 1))
    assert found.min() == 0 and found.max() == 1


def test_even_the_photo_itself_scores_low_against_it(examples01):
    target = protocol_spec("published").target(examples01)
    assert psnr(examples01, target).mean() < 17.65


def test_the_projects_protocol_compares_with_the_photo(examples01):
    assert protocol_spec("project").target(examples01) is examples01


def test_description_tells_photos_apart(examples01):
    project, names = PROTOCOLS["project"], [str(i) for i in range(6)]
    first = describe(project, names, examples01)
    assert first == describe(project, names, examples01.clone())
    assert first["photos_digest"] != describe(project, names, examples01.flip(-1))["photos_digest"]
    assert first["photos"] == 6 and first["size"] == 224


def test_photos_on_a_gpu_are_described_as_those_on_the_cpu(examples01, gpu):
    project, names = PROTOCOLS["project"], [str(i) for i in range(6)]
    assert describe(project, names, examples01.to(gpu)) == describe(project, names, examples01)


def test_unknown_protocol_lists_the_allowed_ones():
    with pytest.raises(UserError, match="project, published"):
        protocol_spec("theirs")
