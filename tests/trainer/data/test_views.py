import logging

import pytest
import torch

from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from trainer.data import views
from trainer.data.views import fixed_views
from trainer.recipe import Recipe
from trainer.training.loop import Training


@pytest.fixture(scope="module")
def encoder() -> FrozenEncoder:
    return FrozenEncoder("vgg16")


def make(encoder, photos, folder, layers=("block2",), seed=42, size=64, precision="fp32", views="cropped"):
    encoders, of_vgg16 = {"vgg16": encoder}, {"vgg16": layers}
    return fixed_views(encoders, of_vgg16, photos, 2, size, seed, folder, precision, False, views)


def test_stored_features_are_those_of_the_crops(encoder, photos, tmp_path):
    found = make(encoder, photos, tmp_path)
    features, photos01 = found.batch(step=0, size=4, seed=1)
    expected = encoder(photos01, ["block2"])["block2"]
    assert torch.allclose(features["vgg16", "block2"], expected, rtol=2e-3, atol=1e-2)
    assert photos01.shape == (4, 3, 64, 64) and len(found.crops) == 6


def test_batches_depend_on_seed_and_step_alone(encoder, photos, tmp_path):
    found = make(encoder, photos, tmp_path)
    first, again, other = (found.batch(step, 4, 1)[1] for step in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_views_are_encoded_once(encoder, photos, tmp_path, monkeypatch):
    make(encoder, photos, tmp_path)
    monkeypatch.setattr(views, "encode", lambda *_: pytest.fail("encoded again"))
    make(encoder, photos, tmp_path)


@pytest.mark.parametrize(
    "changed",
    [{"seed": 7}, {"size": 96}, {"precision": "bf16"}, {"layers": ("block1",)}, {"views": "changed"}],
)
def test_other_crops_precision_or_layers_are_not_mixed_up(encoder, photos, tmp_path, changed):
    make(encoder, photos, tmp_path)
    make(encoder, photos, tmp_path, **changed)
    assert len(list(tmp_path.iterdir())) == 2


def test_other_weights_are_not_mixed_up(encoder, photos, tmp_path):
    make(encoder, photos, tmp_path)
    make(FrozenEncoder("vgg16", "random"), photos, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_file_is_made_again(encoder, photos, tmp_path, caplog):
    whole = make(encoder, photos, tmp_path)
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:500])
    caplog.set_level(logging.WARNING)
    again = make(encoder, photos, tmp_path)
    assert torch.equal(again.features["vgg16", "block2"], whole.features["vgg16", "block2"])
    assert "are made again" in caplog.text


def test_features_too_large_for_half_precision_are_refused(photos, tmp_path, monkeypatch):
    encoder = FrozenEncoder("vgg16")
    monkeypatch.setattr(
        FrozenEncoder,
        "__call__",
        lambda self, x, layers: {n: torch.full((len(x), 16, 2, 2), 1e6) for n in layers},
    )
    with pytest.raises(UserError, match="do not fit into float16"):
        views.encode(encoder, ["block1"], torch.zeros(2, 3, 64, 64, dtype=torch.uint8), "fp32", False)


def test_training_on_fixed_views_runs_the_encoder_on_them_only_once(photos, tmp_path, monkeypatch):
    recipe = Recipe(steps=4, batch=2, crop=96, fixed_views=1, validate_every=4, validation_photos=1)
    heads = [Configuration("vgg16", "block2", "transposed_conv", "mse")]
    run = Training(heads, recipe, photos, photos, tmp_path, progress_bar=False)
    seen = []
    forward = FrozenEncoder.__call__

    def counted(self, photos01, layers):
        seen.append(tuple(photos01.shape[-2:]))
        return forward(self, photos01, layers)

    monkeypatch.setattr(FrozenEncoder, "__call__", counted)
    run.run()
    assert seen.count((96, 96)) == 1  # three views in one batch, for all four steps
