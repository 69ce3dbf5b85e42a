"""Fitting on the spot: a linear decoder for every layer, kept, labelled, and never half written."""

import logging

import pytest
import torch

from explorer import Explorer, UserError
from explorer.checkpoints import fitting
from explorer.checkpoints.files import Header, build_decoder, save_checkpoint
from explorer.checkpoints.fitting import cache_folder, fit_on_examples, kept_fit
from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder

CONV1 = Configuration("alexnet", "conv1", "linear", "mse", "random")


@pytest.fixture(autouse=True)
def few_views(monkeypatch):
    """Fit to as few views as are ever used."""
    monkeypatch.setattr(fitting, "ROWS", 600)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path))
    return tmp_path


def finish(generator):
    """Run a generator to its end; return what it yielded and what it returned."""
    shares = []
    while True:
        try:
            shares.append(next(generator))
        except StopIteration as end:
            return shares, end.value


def test_fit_is_far_better_than_the_mean_photo_and_the_same_each_time(empty_cache, examples01):
    encoder = FrozenEncoder("alexnet", "random")
    (shares, fits), (_, again) = (finish(fit_on_examples(encoder, ["conv1", "conv2"])) for _ in range(2))
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    features = encoder(examples01, ["conv1", "conv2"])
    errors = []
    for layer, fit in fits.items():
        drawn = fit.decoder(features[layer])
        errors.append((drawn - examples01).square().mean().item())
        assert torch.equal(drawn, again[layer].decoder(features[layer]))
        assert fit.header.data == {"train_photos": 6, "views": fit.header.data["views"]}
    assert errors[0] < errors[1] < (examples01 - examples01.mean(0)).square().mean().item()
    assert errors[0] < 0.01


def test_fit_on_a_gpu_stays_there_and_is_what_it_is_on_the_cpu(empty_cache, gpu):
    (_, there), (_, here) = (
        finish(fit_on_examples(FrozenEncoder("alexnet", "random", device), ["conv1"]))
        for device in (gpu, "cpu")
    )
    weight = there["conv1"].decoder.project.weight
    assert weight.device == torch.device(gpu)
    assert torch.equal(weight.cpu(), here["conv1"].decoder.project.weight)


def test_explorer_fits_what_is_not_ready_and_says_so(empty_cache, cat):
    explorer = Explorer(device="cpu")
    found = explorer.reconstruct(cat, CONV1)
    assert found.to_dict()["fitted_on_photos"] == 6
    assert found.metrics.psnr > 20
    kept = kept_fit(CONV1, explorer.engine.encoder("alexnet", "random"))
    assert kept.header.recipe["method"] == "ridge regression on the spot"
    assert list(Explorer(device="cpu").prepare([CONV1])) == []  # read from the cache
    ready = explorer.reconstruct(cat, CONV1, weights="imagenet")
    assert "fitted_on_photos" not in ready.to_dict()


def test_depth_fits_up_to_five_layers_from_first_to_last(empty_cache, cat):
    explorer = Explorer(device="cpu")
    found = explorer.depth_configurations(Configuration("vit_base", "", "linear", "mse", "random"))
    assert [c.layer for c in found] == ["block0", "block3", "block6", "block8", "block11"]
    shipped = explorer.depth_configurations(Configuration("dinov2_small", "", "linear"))
    assert [c.layer for c in shipped] == ["block0", "block2", "block5", "block8", "block11"]


def test_cancelled_fit_leaves_nothing_behind_and_can_be_made_again(empty_cache):
    explorer = Explorer(device="cpu")
    fit = explorer.prepare([CONV1])
    assert next(fit) == 0.0
    next(fit)
    fit.close()
    assert list(empty_cache.rglob("*.safetensors")) == []
    assert list(explorer.prepare([CONV1]))[-1] == 1.0


def test_damaged_cache_is_fitted_again(empty_cache, caplog):
    path = empty_cache / "decoders" / f"{CONV1.name}.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    explorer = Explorer(device="cpu")
    with caplog.at_level(logging.WARNING):
        assert list(explorer.prepare([CONV1]))[-1] == 1.0
    assert "fitted again" in caplog.text
    assert kept_fit(CONV1, explorer.engine.encoder("alexnet", "random"))


def test_kept_fit_that_does_not_say_how_many_photos_it_had_is_fitted_again(empty_cache):
    encoder = FrozenEncoder("alexnet", "random")
    decoder = build_decoder(CONV1)
    save_checkpoint(cache_folder() / "decoders", decoder, Header(CONV1, encoder.fingerprint("conv1")))
    assert kept_fit(CONV1, encoder) is None


def test_cache_that_cannot_be_written_is_no_obstacle(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "file"))
    explorer = Explorer(device="cpu")
    assert list(explorer.prepare([CONV1]))[-1] == 1.0
    assert "could not be kept" in caplog.text


def test_deep_wide_layers_are_fitted_within_their_neighbourhood(empty_cache):
    encoder = FrozenEncoder("resnet34", "random")
    _, fits = finish(fit_on_examples(encoder, ["layer4"]))
    weight = fits["layer4"].decoder.project.weight  # 512 channels: fitted at each position alone
    assert weight[..., 1, 1].abs().sum() > 0
    weight[..., 1, 1] = 0
    assert not weight.any()


def test_constant_features_are_one_sentence(empty_cache, monkeypatch):
    encoder = FrozenEncoder("alexnet", "random")
    monkeypatch.setattr(
        FrozenEncoder, "__call__", lambda self, x, layers: {n: torch.ones(len(x), 64, 55, 55) for n in layers}
    )
    with pytest.raises(UserError, match="constant"):
        finish(fit_on_examples(encoder, ["conv1"]))
    assert list(empty_cache.rglob("*.safetensors")) == []


def test_too_few_photos_are_one_sentence(cat):
    with pytest.raises(UserError, match="3 photos or more"):
        finish(fit_on_examples(FrozenEncoder("alexnet", "random"), ["conv1"], [cat]))


def test_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("EXPLORER_CACHE")
    assert cache_folder().name == "feature-inversion-explorer"


def test_decoders_of_two_encoders_are_prepared_one_after_the_other(empty_cache):
    explorer = Explorer(device="cpu")
    other = Configuration("efficientnet_lite0", "stage1", "linear", "mse", "random")
    shares = list(explorer.prepare([CONV1, other]))
    assert shares[0] == 0.0 and shares.count(1.0) == 2
    assert list(explorer.prepare([CONV1, other])) == []
