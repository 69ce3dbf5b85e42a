import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import load_decoder, read_header
from explorer.checkpoints.ridge import feature_statistics
from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from trainer.recipe import Recipe
from trainer.training.head import Head
from trainer.training.loop import Training
from trainer.training.losses import reconstruction_loss
from trainer.training.state import save_state

RECIPE = Recipe(steps=6, batch=2, crop=64, validate_every=2, validation_photos=1, learning_rate=2e-3)
HEADS = [
    Configuration("vgg16", "block1", "transposed_conv", "mse"),
    Configuration("vgg16", "block2", "transposed_conv", "hybrid"),
]


def training(photos, out, recipe=RECIPE, heads=HEADS) -> Training:
    return Training(heads, recipe, photos, photos, out, progress_bar=False)


@pytest.fixture(scope="module")
def finished(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("finished")
    return out, training(photos, out).run()


def test_each_head_gets_a_checkpoint_that_fits_the_encoder(finished):
    out, _ = finished
    catalogue = Catalogue.scan(out, lambda architecture, weights: FrozenEncoder(architecture, weights))
    assert sorted(catalogue.entries) == sorted(HEADS)
    header = read_header(catalogue.entries[HEADS[0]])
    assert header.recipe["steps"] == 6 and header.recipe["seed"] == 42
    assert header.data["train_photos"] == 3
    assert header.metrics["val_psnr"] > 5
    assert header.parameters == 33_731


def test_training_lowers_the_loss(photos, tmp_path):
    recipe = Recipe(steps=30, batch=4, crop=64, validate_every=10, validation_photos=2, learning_rate=5e-3)
    [head] = training(photos, tmp_path, recipe, HEADS[:1]).run()
    losses = [entry["loss"] for entry in head.progress.history]
    assert losses[-1] < losses[0] / 1.3


def test_one_frozen_pass_serves_all_heads(photos, tmp_path, monkeypatch):
    run = training(photos, tmp_path)
    calls = []
    forward = FrozenEncoder.__call__
    monkeypatch.setattr(
        FrozenEncoder,
        "__call__",
        lambda self, x, layers: calls.append(set(layers)) or forward(self, x, layers),
    )
    run.train_step()
    assert calls == [{"block1", "block2"}]


def test_same_seed_gives_the_same_decoders_also_when_a_killed_run_goes_on(
    finished, photos, tmp_path, monkeypatch
):
    expected_out, _ = finished
    killed = training(photos, tmp_path)
    step = killed.train_step

    def killed_in_the_fifth_step():
        if killed.step == 4:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(killed, "train_step", killed_in_the_fifth_step)
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    resumed = training(photos, tmp_path)
    resumed.run(resume=True)
    assert resumed.step == 6
    for configuration in HEADS:
        name = f"decoders/{configuration.name}.safetensors"
        ours, theirs = load_file(tmp_path / name), load_file(expected_out / name)
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_with_ema_the_moving_average_is_kept_and_a_resumed_run_goes_on_with_it(photos, tmp_path):
    heads = [Configuration("alexnet", "conv2", "upsample_conv", "features")]
    recipe = replace(RECIPE, steps=4, validate_every=2, ema=0.5, gradient_clip=1.0, views="changed")
    [whole] = training(photos, tmp_path / "whole", recipe, heads).run()
    halved = training(photos, tmp_path / "halved", recipe, heads)
    train_step = halved.train_step

    def killed_in_the_third_step():
        if halved.step == 2:
            raise KeyboardInterrupt
        train_step()

    halved.train_step = killed_in_the_third_step
    with pytest.raises(KeyboardInterrupt):
        halved.run()
    [resumed] = training(photos, tmp_path / "halved", recipe, heads).run(resume=True)
    latest, kept = whole.decoder.state_dict(), whole.kept.state_dict()
    assert not torch.equal(latest["tail.weight"], kept["tail.weight"])
    assert all(torch.equal(tensor, kept[name]) for name, tensor in resumed.kept.state_dict().items())
    stored = load_decoder(tmp_path / f"whole/decoders/{heads[0].name}.safetensors").state_dict()
    assert torch.allclose(stored["blend.first.weight"], kept["blend.first.weight"], atol=1e-3)


def test_the_moving_average_keeps_of_an_own_start_as_much_as_of_a_step(finished, photos, tmp_path):
    folder, _ = finished
    recipe = replace(RECIPE, steps=1, validate_every=1, ema=0.75)
    keywords = {"progress_bar": False, "start_from": [folder], "continued": True}
    trained = load_decoder(folder / f"decoders/{HEADS[0].name}.safetensors").state_dict()
    hybrid = replace(HEADS[0], loss="hybrid")
    for head, kept in ((HEADS[0], 0.75), (hybrid, 0.1)):
        [head] = Training([head], recipe, photos, photos, tmp_path / head.loss, **keywords).run()
        average = head.kept.state_dict()
        for name, now in head.decoder.named_parameters():
            assert torch.allclose(average[name], torch.lerp(now, trained[name], kept), atol=1e-6), name


def test_resuming_with_another_recipe_or_nothing_to_resume_is_refused(finished, photos, tmp_path):
    out, _ = finished
    with pytest.raises(UserError, match="another recipe"):
        training(photos, out, Recipe(**{**RECIPE.__dict__, "seed": 7})).run(resume=True)
    with pytest.raises(UserError, match="Nothing to resume"):
        training(photos, tmp_path).run(resume=True)


def test_loss_that_becomes_nan_stops_that_head_and_the_others_go_on(photos, tmp_path, monkeypatch, caplog):
    def poisoned(loss, drawn, *rest):
        return reconstruction_loss(loss, drawn, *rest) * (
            float("nan") if loss == "hybrid" and drawn.requires_grad else 1
        )

    monkeypatch.setattr("trainer.training.head.reconstruction_loss", poisoned)
    healthy, sick = training(photos, tmp_path).run()
    assert "loss became nan at step 0" in sick.progress.stopped
    assert f"{HEADS[1].name} stopped" in caplog.text
    assert healthy.running and len(healthy.progress.history) == 3
    assert all(torch.isfinite(parameter).all() for parameter in sick.decoder.parameters())


def test_best_checkpoint_by_validation_loss_is_kept(photos, tmp_path, monkeypatch):
    losses = iter([0.5, 0.3, 0.4])
    monkeypatch.setattr(Head, "validate", lambda *_: {"loss": next(losses), "psnr": 1.0})
    training(photos, tmp_path, heads=HEADS[:1]).run()
    header = read_header(tmp_path / f"decoders/{HEADS[0].name}.safetensors")
    assert (header.metrics["step"], header.metrics["val_loss"]) == (4, 0.3)


def test_early_stopping_and_plateau_follow_the_validation_loss(photos, tmp_path, monkeypatch):
    recipe = Recipe(**{**RECIPE.__dict__, "schedule": "plateau", "plateau_patience": 1, "stop_patience": 2})
    monkeypatch.setattr(Head, "validate", lambda *_: {"loss": 1.0, "psnr": 1.0})
    run = training(photos, tmp_path, Recipe(**{**recipe.__dict__, "steps": 20}), HEADS[:1])
    [head] = run.run()
    assert "no progress in 2 validations at step 6" in head.progress.stopped
    assert run.step == 6
    assert head.progress.rate_scale == 0.25


def test_state_file_holds_no_pickle_and_names_its_run(finished):
    out, _ = finished
    with safe_open(out / "state-vgg16-imagenet.safetensors", framework="pt") as file:
        state = json.loads(file.metadata()["training"])
    assert state["step"] == 6
    assert state["identity"]["recipe"]["seed"] == 42


def test_feature_statistics_are_the_mean_and_std_over_photos_and_positions(examples01):
    encoder = FrozenEncoder("vgg16")
    mean, std = feature_statistics(encoder, examples01, ["block1"], batch=4)["block1"]
    features = encoder(examples01, ["block1"])["block1"].double()
    assert torch.allclose(mean.double(), features.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(std.double(), features.std(dim=(0, 2, 3), correction=0), rtol=1e-3, atol=1e-4)


def test_one_cycle_rises_to_the_peak_and_falls_to_almost_nothing():
    rates = [Recipe(steps=100).one_cycle_rate(step, 1e-2) for step in range(100)]
    assert max(rates) == pytest.approx(1e-2) and rates.index(max(rates)) == 20
    assert rates[0] == pytest.approx(1e-2 / 25)
    assert rates[-1] < 2e-5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"crop": 300}, "32 to 256"),
        ({"steps": 0}, "above zero"),
        ({"schedule": "cosine"}, "one_cycle, plateau"),
        ({"ema": 1.0}, "below 1"),
    ],
)
def test_recipe_that_cannot_work_is_refused(wrong, said):
    with pytest.raises(UserError, match=said):
        Recipe(**wrong)


def test_pixel_shuffle_begins_as_the_fitted_linear_decoder(photos, fitted, tmp_path):
    folder, _ = fitted
    heads = [Configuration("vgg16", "block1", "pixel_shuffle", "mse")]
    run = Training(heads, RECIPE, photos, photos, tmp_path, progress_bar=False, start_from=[folder])
    run.start()
    linear = load_decoder(folder / "decoders/vgg16-block1-linear-mse-imagenet.safetensors")
    features = run.batches.encoders["vgg16"](photos.centre_crops(limit=1), ["block1"])["block1"]
    with torch.no_grad():
        assert torch.allclose(run.heads[0].decoder(features), linear(features), atol=1e-5)


def test_pixel_shuffle_without_a_fitted_linear_decoder_says_how_to_fit_it(photos, tmp_path):
    heads = [Configuration("vgg16", "block1", "pixel_shuffle", "mse")]
    run = Training(heads, RECIPE, photos, photos, tmp_path, progress_bar=False, start_from=[tmp_path])
    with pytest.raises(UserError, match="python -m trainer fit-linear"):
        run.run()


def test_training_goes_on_from_the_same_decoder_for_mse(finished, photos, tmp_path):
    folder, _ = finished
    mse = HEADS[0]
    hybrid = replace(mse, loss="hybrid")
    trained = load_decoder(folder / f"decoders/{mse.name}.safetensors").state_dict()
    keywords = {"progress_bar": False, "start_from": [folder], "continued": True}
    going_on = Training([hybrid], RECIPE, photos, photos, tmp_path, **keywords)
    going_on.start()
    [head] = going_on.heads
    assert head.started_from.startswith(mse.name)
    assert all(torch.equal(tensor, trained[name]) for name, tensor in head.decoder.state_dict().items())
    save_state(going_on.state_file, 4, going_on.identity, going_on.heads)
    resumed = Training([hybrid], RECIPE, photos, photos, tmp_path, **keywords)
    resumed.run(resume=True)
    header = read_header(tmp_path / f"decoders/{hybrid.name}.safetensors")
    assert header.recipe["started_from"] == head.started_from


def test_pixel_shuffle_trained_from_scratch_needs_no_linear_map_and_is_read_again(photos, tmp_path):
    heads = [Configuration("vgg16", "block3", "pixel_shuffle", "mse")]
    recipe = replace(RECIPE, steps=2, start="scratch")
    keywords = {"progress_bar": False, "start_from": [tmp_path]}
    [head] = Training(heads, recipe, photos, photos, tmp_path, **keywords).run()
    path = tmp_path / "decoders/vgg16-block3-pixel_shuffle-mse-imagenet.safetensors"
    decoder = load_decoder(path)
    assert decoder.linear is None and head.started_from == ""
    features = torch.randn(1, 256, 28, 28)
    assert torch.allclose(decoder(features), head.decoder.eval()(features), atol=1e-2)  # kept in fp16
    going_on = Training(heads, RECIPE, photos, photos, tmp_path / "on", continued=True, **keywords)
    with pytest.raises(UserError, match="trained with --start scratch"):
        going_on.run()
