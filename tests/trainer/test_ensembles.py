"""Ensembles from training to the results file, on random control weights (no hub needed)."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from explorer import Explorer, UserError
from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import load_decoder, read_header
from explorer.configurations import Configuration, FusedConfiguration, encode
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.frozen import FINGERPRINT_LENGTH, FrozenEncoder
from explorer.folders import BUNDLED
from trainer.__main__ import main
from trainer.measuring.evaluate import evaluate
from trainer.presets import preset_jobs
from trainer.recipe import Recipe
from trainer.reporting.tables import configurations_table, ensembles_table
from trainer.sweep import run_job
from trainer.training.loop import Training

SOURCES = (("alexnet", "conv2"), ("vgg16", "block2"))
RECIPE = Recipe(steps=3, batch=2, crop=64, validate_every=3, validation_photos=1, learning_rate=1e-4)
TRAINED = [FusedConfiguration(SOURCES, fusion, "transposed_conv", "mse", "random") for fusion in FUSIONS]
ALONE = Configuration("vgg16", "block2", "transposed_conv", "mse", "random")


@pytest.fixture(scope="module")
def made(photos_folder, tmp_path_factory):
    """A folder with three small ensembles, trained from the command line."""
    folder = tmp_path_factory.mktemp("ensembles")
    sources = [part for place in SOURCES for part in ("--source", "/".join(place))]
    recipe = ["--steps", "3", "--batch", "2", "--crop", "64", "--validate-every", "3"]
    recipe += ["--validation-photos", "1", "--learning-rate", "1e-4"]
    chosen = ["--fusion", *FUSIONS, "--decoder", "transposed_conv", "--loss", "mse", "--weights", "random"]
    where = ["--photos", str(photos_folder), "--out", str(folder)]
    assert main(["train", *sources, *chosen, *recipe, *where]) == 0
    return folder


@pytest.fixture(scope="module")
def results(made, photos_folder):
    only = "*vgg16-block2*transposed_conv-mse-random"
    return evaluate(photos_folder, [made, BUNDLED], only, progress_bar=False)


def test_checkpoints_say_where_they_come_from_and_what_they_began_with(made):
    catalogue = Catalogue.scan(made, FrozenEncoder)
    assert catalogue.fused == sorted(TRAINED) and not catalogue.skipped
    for configuration, path in catalogue.entries.items():
        header = read_header(path)
        assert header.configuration == configuration
        assert len(header.fingerprint) == 2 * FINGERPRINT_LENGTH
        assert header.recipe["sources"] == [list(place) for place in SOURCES]
        assert header.recipe["started_from"].startswith(ALONE.name)


def test_a_step_is_one_pass_of_each_encoder(photos, tmp_path, monkeypatch):
    run = Training(TRAINED, RECIPE, photos, photos, tmp_path, progress_bar=False)
    calls, forward = [], FrozenEncoder.__call__
    monkeypatch.setattr(
        FrozenEncoder,
        "__call__",
        lambda self, x, layers: calls.append((self.architecture, *layers)) or forward(self, x, layers),
    )
    run.train_step()
    assert sorted(calls) == sorted(SOURCES)


def test_training_from_fixed_views_and_resuming_it(photos, tmp_path):
    recipe = replace(RECIPE, fixed_views=1, steps=4, validate_every=2)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    Training(TRAINED[:1], recipe, photos, photos, whole, progress_bar=False).run()

    class Killed(Exception):
        pass

    def kill(step, summary):
        if step == 2:
            raise Killed

    with pytest.raises(Killed):
        Training(TRAINED[:1], recipe, photos, photos, parts, progress_bar=False, on_progress=kill).run()
    Training(TRAINED[:1], recipe, photos, photos, parts, progress_bar=False).run(resume=True)
    name = f"decoders/{TRAINED[0].name}.safetensors"
    assert (whole / name).read_bytes() == (parts / name).read_bytes()


def test_it_starts_where_the_largest_source_alone_is(photos, tmp_path):
    run = Training(TRAINED, RECIPE, photos, photos, tmp_path, progress_bar=False)
    run.start()
    alone = load_decoder(BUNDLED / "decoders" / f"{ALONE.name}.safetensors")
    crop = photos.centre_crops(limit=1)
    features = encode(FrozenEncoder, "random", crop, SOURCES)
    with torch.no_grad():
        expected = alone(features["vgg16", "block2"])
        for head in run.heads:
            found = head.decoder.eval()(head.configuration.inputs(features))
            assert torch.allclose(found, expected, atol=1e-5)


def test_continued_training_starts_from_its_own_checkpoint(made, photos, tmp_path):
    run = Training(
        TRAINED[:1],
        RECIPE,
        photos,
        photos,
        tmp_path,
        progress_bar=False,
        start_from=[made],
        continued=True,
    )
    run.start()
    kept = load_decoder(made / "decoders" / f"{TRAINED[0].name}.safetensors")
    for name, tensor in run.heads[0].decoder.state_dict().items():
        assert torch.equal(tensor, kept.state_dict()[name])


def test_results_have_costs_gain_and_contributions(results):
    rows = results["configurations"]
    alone, *fused = rows
    assert [alone[key] for key in ("architecture", "layer")] == list(SOURCES[1])
    assert [row["fusion"] for row in fused] == sorted(FUSIONS)
    for row in fused:
        assert row["sources"] == [list(place) for place in SOURCES] and "architecture" not in row
        assert row["forward_passes"] == 2 and row["encoder_milliseconds"] > 0
        assert row["gain"]["over"] == ALONE.to_dict()
        assert row["gain"]["psnr"] == pytest.approx(row["mean"]["psnr"] - alone["mean"]["psnr"])
        low, high = row["gain"]["ci95"]
        assert low <= row["gain"]["psnr"] <= high and 0 < row["gain"]["p_holm"] <= 1
        of_alexnet, of_vgg16 = row["contributions"]
        # three steps can have learned little of the first source; everything came from the second
        assert of_vgg16["loss"] > 3 and abs(of_alexnet["loss"]) < 1
        if row["fusion"] == "concat":
            assert of_alexnet["weight"] is None
        else:
            assert of_alexnet["weight"] + of_vgg16["weight"] == pytest.approx(1)


def test_ensembles_are_compared_with_each_other_and_with_their_sources(results):
    pairs = {(row["a"], row["b"]) for row in results["comparisons"] if row["figure"] == "psnr"}
    names = [c.name for c in sorted(TRAINED)]
    assert pairs == {
        *((ALONE.name, name) for name in names),
        (names[0], names[1]),
        (names[0], names[2]),
        (names[1], names[2]),
    }


def test_ensembles_that_did_not_change_keep_their_figures(results, made, photos_folder, tmp_path):
    path = tmp_path / "results.json"
    marked = json.loads(json.dumps(results))
    marked["configurations"][1]["contributions"][0]["loss"] = 99.0
    path.write_text(json.dumps(marked))
    only = "*vgg16-block2*transposed_conv-mse-random"
    again = evaluate(photos_folder, [made, BUNDLED], only, path, progress_bar=False)
    assert again["configurations"][1]["contributions"][0]["loss"] == 99.0


def test_tables_name_the_sources(results):
    for table in (ensembles_table(results), configurations_table(results)):
        assert table.count("alexnet conv2 + vgg16 block2 (random") == 3


def test_an_encoder_that_is_missing_is_named_and_the_rest_stays_usable(made, cat, monkeypatch, tmp_path):
    path = next((made / "decoders").glob("*weighted*"))
    spoilt = tmp_path / "decoders" / path.name
    spoilt.parent.mkdir()
    spoilt.write_bytes(path.read_bytes().replace(b"alexnet", b"alexnot"))
    (tmp_path / "decoders" / f"{ALONE.name}.safetensors").write_bytes(
        (BUNDLED / "decoders" / f"{ALONE.name}.safetensors").read_bytes()
    )
    explorer = Explorer(tmp_path, device="cpu")
    [(name, reason)] = explorer.catalogue().skipped
    assert name == path.name and "unknown architecture 'alexnot'" in reason
    assert explorer.reconstruct(cat, ALONE).metrics.psnr > 15


def test_other_encoder_weights_of_one_source_are_named(made, tmp_path):
    path = next((made / "decoders").glob("*weighted*"))
    other = FrozenEncoder("alexnet", "imagenet")
    encoders = {"alexnet": other, "vgg16": FrozenEncoder("vgg16", "random")}
    skipped = Catalogue.scan(made, lambda name, weights: encoders[name], only=path.stem).skipped
    assert "other encoder weights than the alexnet" in skipped[0][1]


def test_a_crop_that_one_encoder_cannot_see_is_refused_before_training(photos, tmp_path):
    sources = (("vgg16", "block1"), ("dinov2_small", "block0"))
    head = FusedConfiguration(sources, "concat", "transposed_conv", "mse")
    with pytest.raises(UserError, match=r"DINOv2.* multiples of 14 pixels, not 64"):
        Training([head], RECIPE, photos, photos, tmp_path, progress_bar=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "vgg16/block1"], "two sources or more"),
        (["--source", "vgg16/block1", "--source", "vgg16/block1"], "there twice"),
        (["--source", "vgg16/block1", "--source", "vgg16/block9"], "unknown layer 'block9'"),
        (["--source", "vgg16", "--source", "vgg16/block2"], "write architecture/layer"),
        (["--source", "vgg16/block1", "--source", "vgg16/block2", "--fusion", "sum"], "unknown fusion"),
        (["--source", "vgg16/block1", "--architecture", "vgg16"], "not both"),
        ([], "--architecture, or --source"),
    ],
)
def test_mistakes_with_sources_are_one_line(arguments, said, photos_folder, tmp_path, capsys):
    where = ["--photos", str(photos_folder), "--out", str(tmp_path / "out")]
    assert main(["train", *arguments, *where]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_presets_have_the_ensembles_they_promise():
    trained = {
        name: [c for job in preset_jobs(name) for c in job.trained] for name in ("ensemble", "multilayer")
    }
    assert len(set(trained["ensemble"])) == 12
    assert {name for c in trained["ensemble"] for name, _ in c.sources} == {
        *("resnet34", "vgg16", "vit_small", "pvt_v2_b2")
    }
    depths = {
        tuple(layer[-1] for _, layer in c.sources) for c in trained["multilayer"] if c.largest[0] == "vgg16"
    }
    assert depths == {tuple("135"), tuple("24"), tuple("12345")}
    shallow, deep = preset_jobs("ensemble-bundled")
    assert len(shallow.trained) == 6 and {c.fusion for c in deep.trained} == {"concat"}


@pytest.mark.parametrize("preset", ["ensemble", "multilayer"])
def test_presets_of_hub_networks_run_on_the_control(preset, photos_folder, tmp_path):
    job = preset_jobs(preset)[-1]
    short = replace(job.recipe, steps=1, batch=1, crop=64, validate_every=1, validation_photos=1)
    job = replace(job, weights="random", recipe=short, fusions=job.fusions[:1])  # the others: see `made`
    for architecture, layers, decoder in job.fitted:  # fitted before, as after a stopped run
        for layer in layers:
            name = f"decoders/{architecture}-{layer}-{decoder}-mse-random.safetensors"
            (tmp_path / job.name / "decoders").mkdir(parents=True, exist_ok=True)
            shutil.copy(BUNDLED / name, tmp_path / job.name / name)
    run_job(job, photos_folder, tmp_path, 2, "cpu", lambda step, summary: None)
    made = {path.stem for path in (tmp_path / job.name / "decoders").iterdir()}
    assert {c.name for c in job.trained} <= made
