"""Inversion: descending on the pixels finds the photo, streams, can be cancelled, and is repeatable."""

import time
from dataclasses import replace

import pytest
import torch

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder
from explorer.experiments.inversion import Target, check_target, invert
from explorer.experiments.priors import decoder_weights
from explorer.experiments.settings import Settings, usual_settings
from explorer.measures.metrics import measure
from explorer.measures.pixels import psnr
from explorer.recovering import search_start

QUICK = Settings(start="grey", steps=12)


@pytest.fixture(scope="module")
def photo01(examples01):
    return examples01[1:2]


def source(photo01, architecture="vgg16", layer="block1", weights="imagenet"):
    encoder = FrozenEncoder(architecture, weights)
    return Target(encoder, layer, encoder(photo01, [layer])[layer])


def last(found):
    return list(found)[-1]


def test_more_steps_bring_features_and_pixels_nearer(photo01):
    few, many = (
        last(invert(source(photo01), replace(QUICK, steps=steps, learning_rate=0.1))) for steps in (4, 25)
    )
    assert many.feature_error < 0.5 * few.feature_error
    assert measure(many.photo01, photo01)[0].psnr > measure(few.photo01, photo01)[0].psnr + 3


def test_starting_from_the_linear_picture_is_a_head_start(explorer, cat):
    settings = Settings(steps=15)
    linear = explorer.reconstruct(cat, decoder="linear").metrics.psnr
    found = last(explorer.recover(cat, settings=settings))
    assert found.done and found.steps == 15
    assert found.result.metrics.psnr > linear + 2
    assert found.to_dict()["decoder"] == "optimisation"


@pytest.mark.parametrize("start", ["grey", "noise"])
def test_equal_seeds_give_equal_pictures_and_other_seeds_others(photo01, start):
    settings = replace(QUICK, start=start, steps=4, seed=3)
    first, again, other = (
        last(invert(source(photo01), s)).photo01 for s in (settings, settings, replace(settings, seed=4))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    "settings",
    [
        replace(QUICK, optimiser="lbfgs"),
        replace(QUICK, coarse_to_fine=True),
        replace(QUICK, jitter=4),
        replace(QUICK, restarts=2, steps=6),
        replace(QUICK, total_variation=1.0),
    ],
    ids=["lbfgs", "coarse", "jitter", "restarts", "smooth"],
)
def test_every_setting_improves_on_its_start(photo01, settings):
    found = list(invert(source(photo01, "alexnet", "conv3"), settings))
    assert found[-1].feature_error < found[0].feature_error
    assert found[-1].photo01.shape == (1, 3, 224, 224)
    assert found[-1].photo01.min() >= 0 and found[-1].photo01.max() <= 1
    assert found[-1].steps >= 12


def test_only_the_best_so_far_is_shown_and_seldom(photo01):
    started = time.perf_counter()
    found = list(invert(source(photo01, "alexnet", "conv1"), replace(QUICK, steps=60)))
    errors = [snapshot.feature_error for snapshot in found]
    assert errors == sorted(errors, reverse=True)
    assert [snapshot.done for snapshot in found] == [False] * (len(found) - 1) + [True]
    assert len(found) <= 2 + 5 * (time.perf_counter() - started)


def test_seconds_end_the_search_and_closing_cancels_it(photo01):
    settings = replace(QUICK, steps=100_000, seconds=1.0)
    found = last(invert(source(photo01, "alexnet", "conv1"), settings))
    assert found.done and 1.0 <= found.seconds < 5.0
    search = invert(source(photo01, "alexnet", "conv1"), replace(settings, seconds=0.0))
    assert not next(search).done
    search.close()
    assert list(search) == []


def test_no_time_at_all_is_one_step(photo01):
    found = last(invert(source(photo01, "alexnet", "conv1"), replace(QUICK, seconds=1e-9)))
    assert found.done and found.steps == 1


@pytest.mark.parametrize(
    "settings",
    [
        Settings(prior="decoder", steps=6, learning_rate=1e-3, anchor=1.0),
        Settings(prior="network", steps=6, learning_rate=3e-3),
        Settings(prior="network", steps=6, learning_rate=3e-3, warm=5),
    ],
    ids=["decoder", "network", "warm network"],
)
def test_weights_are_descended_on_and_the_decoder_stays_as_it_was(explorer, cat, settings):
    c = Configuration("alexnet", "conv5", "pixel_shuffle", "mse")
    before = explorer.reconstruct(cat, c)
    found = list(explorer.recover(cat, c, settings))
    assert found[-1].feature_error < found[0].feature_error
    assert found[-1].steps == 6
    again = explorer.reconstruct(cat, c)
    assert again.reconstruction.tobytes() == before.reconstruction.tobytes()


def test_a_decoder_descended_on_begins_where_it_stood(explorer, cat):
    c = Configuration("dinov2_small", "block8", "pixel_shuffle", "mse")
    settings = Settings(prior="decoder", steps=1, learning_rate=1e-6)
    found = last(explorer.recover(cat, c, settings))
    assert found.result.metrics.psnr == pytest.approx(explorer.reconstruct(cat, c).metrics.psnr, abs=0.01)


def test_in_bfloat16_the_decoder_descended_on_draws_the_same(explorer, cat):
    c = Configuration("alexnet", "conv5", "upsample_conv", "features")
    [features] = explorer.engine.features(explorer.photo(cat), "imagenet", c.sources).values()
    exact, half = (decoder_weights(explorer.engine.decoder(c), features, half) for half in (False, True))
    assert psnr(half.draw(), exact.draw()) > 45
    half.draw().square().mean().backward()
    assert {weights.dtype for weights in half.parameters} == {torch.float32}
    assert all(torch.isfinite(weights.grad).all() for weights in half.parameters if weights.grad is not None)


def test_a_fresh_network_serves_layers_that_no_decoder_is_trained_for(photo01):
    settings = Settings(prior="network", steps=5, learning_rate=3e-3)
    found = list(invert(source(photo01, "timm:resnet18", "stage5", "random"), settings))
    assert found[-1].feature_error < found[0].feature_error
    assert found[-1].photo01.shape == (1, 3, 224, 224)


def test_transformers_and_timm_models_can_be_inverted(photo01):
    for architecture, layer in (("dinov2_small", "block0"), ("timm:convnext_atto", "stage1")):
        weights = "random" if architecture.startswith("timm") else "imagenet"
        found = list(invert(source(photo01, architecture, layer, weights), replace(QUICK, steps=4)))
        assert found[-1].feature_error < found[0].feature_error


def test_weights_that_were_loaded_without_gradients_can_be_inverted(photo01):
    encoder = FrozenEncoder("vgg16")
    with torch.inference_mode():
        encoder.fingerprint("block1")
    features = encoder(photo01, ["block1"])["block1"]
    assert last(invert(Target(encoder, "block1", features), replace(QUICK, steps=2))).done


def test_the_decoder_optimisation_is_offered_by_reconstruct(explorer, cat, monkeypatch):
    monkeypatch.setattr(Explorer.recover, "__defaults__", (None, Settings(steps=3)))
    found = explorer.reconstruct(cat, layer="block2", decoder="optimisation")
    assert (found.configuration.layer, found.configuration.decoder) == ("block2", "optimisation")
    assert found.metrics.psnr > 15


def test_usual_settings_suit_the_prior_and_the_grid():
    assert usual_settings("pixels", 112) == Settings()
    fine, coarse = usual_settings("network", 14), usual_settings("network", 7)
    assert (fine.anchor, coarse.anchor) == (3.0, 1.0)
    assert replace(coarse, anchor=3.0) == fine
    assert [usual_settings("", size).prior for size in (7, 14, 112)] == ["network", "decoder", "pixels"]
    for size in (7, 14):
        drawn = usual_settings("decoder", size, drawn=True)
        assert usual_settings("", size, drawn=True) == drawn
        assert drawn.learning_rate < usual_settings("decoder", size).learning_rate
    with pytest.raises(UserError, match="pixels, decoder, network"):
        usual_settings("faith", 7)


@pytest.mark.parametrize("value", [0.0, 3.5])
def test_constant_features_are_refused(value):
    with pytest.raises(UserError, match="constant"):
        check_target(torch.full((1, 4, 3, 3), value), "some layer")


def test_features_that_are_no_numbers_are_refused():
    with pytest.raises(UserError, match="not finite"):
        check_target(torch.full((1, 4, 3, 3), float("nan")), "some layer")


@pytest.mark.parametrize(
    "wrong",
    [
        {"prior": "faith"},
        {"start": "magic"},
        {"optimiser": "sgd"},
        {"steps": 0},
        {"seconds": -1.0},
        {"learning_rate": 0.0},
        {"seed": int(1e300)},
        {"total_variation": 1e308},
        {"jitter": float("nan")},
    ],
)
def test_wrong_settings_are_named(wrong):
    with pytest.raises(UserError, match=next(iter(wrong)).replace("_", ".")):
        Settings(**wrong)


def test_a_search_on_weights_begins_from_the_decoder_for_features_unless_another_is_far_more_exact(explorer):
    def begins(layer: str, architecture: str = "alexnet") -> str:
        asked = Configuration(architecture, layer, "optimisation", "features")
        return search_start(explorer.engine, asked, Settings("decoder")).name

    assert begins("conv5") == "alexnet-conv5-upsample_conv-features-imagenet"
    assert begins("conv2") == "alexnet-conv2-pixel_shuffle-mse-imagenet"
    assert begins("block8", "dinov2_small") == "dinov2_small-block8-pixel_shuffle-mse-imagenet"
    assert begins("block11", "dinov2_small") == "dinov2_small-block11-upsample_conv-features-imagenet"
