import json
import shutil
from dataclasses import replace

import pytest

from explorer.checkpoints.files import read_header
from explorer.configurations import check_names
from explorer.encoders.table import ENCODERS
from explorer.errors import UserError
from trainer.__main__ import main
from trainer.presets import PRESETS, Job, preset_jobs
from trainer.recipe import Recipe
from trainer.sweep import run_job, sweep

RECIPE = Recipe(steps=4, batch=2, crop=64, validate_every=2, validation_photos=1)
JOB = Job("vgg16", ("block1",), ("transposed_conv",), ("mse",), RECIPE)
ALEXNET = Job("alexnet", ("conv1",), ("transposed_conv",), ("mse",), RECIPE)
IMPOSSIBLE = Job("dinov2_small", ("block0",), ("transposed_conv",), ("mse",), RECIPE)  # 64 is not 14 times n


@pytest.fixture(scope="module")
def cluster():
    """A Ray cluster of two nodes with a core each; its address."""
    from ray.cluster_utils import Cluster

    found = Cluster()
    for _ in range(2):
        found.add_node(num_cpus=1, include_dashboard=False)
    found.wait_for_nodes()
    yield found.address
    found.shutdown()


def test_jobs_run_on_a_cluster_of_two_nodes_and_never_again(cluster, photos_folder, tmp_path, caplog):
    jobs = [JOB, ALEXNET, IMPOSSIBLE]
    outcomes = sweep(jobs, photos_folder, tmp_path, cluster, progress_bar=False)
    assert [outcome.state for outcome in outcomes] == ["done", "done", "failed"]
    assert "multiples of 14 pixels" in outcomes[2].reason
    assert caplog.text.count("dinov2_small-imagenet failed (attempt") == 2
    for job in (JOB, ALEXNET):
        [configuration] = job.trained
        path = tmp_path / job.name / f"decoders/{configuration.name}.safetensors"
        assert read_header(path).recipe["steps"] == 4
        before = path.stat().st_mtime_ns
        assert [o.state for o in sweep([job], photos_folder, tmp_path, cluster)] == ["already done"]
        assert path.stat().st_mtime_ns == before


def test_a_cluster_that_cannot_be_reached_is_named(photos_folder, tmp_path):
    with pytest.raises(UserError, match=r"127\.0\.0\.1:1' cannot be reached"):
        sweep([JOB], photos_folder, tmp_path, "127.0.0.1:1", progress_bar=False)


class Killed(Exception):
    pass


def test_a_killed_job_goes_on_where_it_stopped_or_begins_anew(photos_folder, tmp_path, caplog):
    def kill(step, summary):
        if step == 3:
            raise Killed

    with pytest.raises(Killed):
        run_job(JOB, photos_folder, tmp_path, 1, "cpu", kill)
    assert not (tmp_path / JOB.name / "done.json").exists()
    shutil.copytree(tmp_path, tmp_path / "damaged")
    steps = []
    run_job(JOB, photos_folder, tmp_path, 1, "cpu", lambda step, summary: steps.append(step))
    assert steps == [3, 4]
    assert json.loads((tmp_path / JOB.name / "done.json").read_text())["architecture"] == "vgg16"
    [state] = (tmp_path / "damaged" / JOB.name).glob("state-*")
    state.write_bytes(state.read_bytes()[:-1])
    steps.clear()
    run_job(JOB, photos_folder, tmp_path / "damaged", 1, "cpu", lambda step, summary: steps.append(step))
    assert steps == [1, 2, 3, 4] and "begins anew" in caplog.text


def test_a_folder_of_other_jobs_is_refused(photos_folder, tmp_path):
    run_job(JOB, photos_folder, tmp_path, 1, "cpu", lambda step, summary: None)
    other = replace(JOB, recipe=replace(RECIPE, steps=5))
    with pytest.raises(UserError, match="another preset, recipe or photos"):
        sweep([other], photos_folder, tmp_path, progress_bar=False)


def test_what_another_decoder_starts_from_is_fitted_first(photos_folder, tmp_path):
    job = replace(JOB, decoders=("pixel_shuffle",))
    run_job(job, photos_folder, tmp_path, 1, "cpu", lambda step, summary: None)
    made = sorted(path.name for path in (tmp_path / job.name / "decoders").iterdir())
    assert made == [
        "vgg16-block1-linear-mse-imagenet.safetensors",
        "vgg16-block1-pixel_shuffle-mse-imagenet.safetensors",
    ]


def test_ablation_has_every_configuration_of_the_published_tables():
    trained = [c for job in preset_jobs("ablation") for c in job.trained]
    layers = sum(
        len(ENCODERS[name].layers)
        for name in ("resnet34", "vgg16", "vit_small", "vit_base", "pvt_v2_b2", "resnet50")
    )
    assert len(set(trained)) == len(trained) == layers * 4 * 3 * 2
    assert {c.loss for c in trained} == {"mse", "lpips", "hybrid"}


def test_alike_is_one_recipe_with_three_seeds_at_one_layer():
    jobs = preset_jobs("alike")
    assert len({replace(job.recipe, seed=0, crop=112) for job in jobs}) == 1
    assert [job.recipe.seed for job in jobs if job.layers == ("block3",)] == [42, 43, 44]
    for job in jobs:
        sizes = [c.decoder.partition("@")[2] for c in job.trained]
        assert sizes.count("") == sizes.count("1M") == 4 * 2 and job.fitted == []


def test_published_is_their_recipe():
    for job in preset_jobs("published"):
        recipe = job.recipe
        assert (recipe.learning_rate, recipe.batch, recipe.schedule) == (1e-4, 4, "plateau")
        assert recipe.steps == 30 * 640 / 4 and recipe.validate_every == 640 / 4
        assert (recipe.plateau_patience, recipe.stop_patience) == (5, 15)
        assert job.losses == ("hybrid",)


def test_deep_layers_go_on_from_shipped_decoders_and_fit_nothing():
    jobs = preset_jobs("deep")
    assert all(job.starts_from_shipped and job.fitted == [] for job in jobs)
    assert not any(job.starts_from_shipped for job in preset_jobs("standard"))
    assert {c.loss for job in jobs for c in job.trained} == {"features"}


@pytest.mark.parametrize("name", PRESETS)
def test_jobs_of_a_preset_have_names_of_their_own_and_layers_that_exist(name):
    jobs = preset_jobs(name)
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        for configuration in job.trained:
            check_names(configuration)
            for architecture, _ in configuration.sources:
                assert job.recipe.crop % ENCODERS[architecture].multiple == 0


def test_unknown_preset_and_missing_photos_are_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["sweep", "--preset", "quickest", "--photos", str(tmp_path)])
    assert stopped.value.code == 2 and "quick" in capsys.readouterr().err
    assert main(["sweep", "--preset", "quick", "--photos", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "There are no photos" in capsys.readouterr().err
