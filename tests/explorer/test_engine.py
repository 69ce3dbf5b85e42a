"""The engine beside itself: names, budgets, and several visitors at once."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch

from explorer import Explorer, engine
from explorer.checkpoints.files import CheckpointError
from explorer.configurations import Configuration, FusedConfiguration
from explorer.encoders.networks import TimmModel
from explorer.engine import Engine
from explorer.errors import UserError
from explorer.experiments.settings import Settings
from explorer.folders import BUNDLED
from explorer.photos.photo import read_photo

CPU = torch.device("cpu")
SECONDS = 60
CONV1 = Configuration("alexnet", "conv1", "linear", "mse")


@pytest.fixture
def one_checkpoint(tmp_path):
    """A folder with one shipped decoder."""
    (tmp_path / "decoders").mkdir()
    name = f"{CONV1.name}.safetensors"
    shutil.copy(BUNDLED / "decoders" / name, tmp_path / "decoders" / name)
    return tmp_path


@pytest.mark.parametrize(
    "written", ["timm:resnet10t", "timm:resnet10t.", "timm:resnet10t.c3_in1k", "timm:ResNet10t"]
)
def test_every_way_to_write_a_timm_network_is_one_network(written):
    usual = Configuration("timm:resnet10t", "stage1", "linear", "mse")
    assert Configuration(written, "stage1", "linear", "mse") == usual
    assert (
        FusedConfiguration(((written, "stage1"), ("alexnet", "conv1")), "concat", "linear", "mse").sources[0]
        == (usual.sources[0])
    )
    found = Engine(BUNDLED, CPU)
    assert found.encoder(written, "random") is found.encoder("timm:resnet10t", "random")
    assert len(found.kept["encoders"]) == 1


@pytest.mark.parametrize(
    "written", ["timm:../../etc/passwd", "timm:hf-hub:me/mine", "timm:x y", "timm:", "timm:a.b.c"]
)
def test_what_is_no_id_is_refused_before_timm_sees_it(written):
    with pytest.raises(UserError, match="no id of a timm model"):
        Configuration(written)


def test_long_names_are_not_repeated_whole():
    for wrong in (
        lambda: Configuration("timm:" + "x" * 1000),
        lambda: Explorer(device="cpu").features("", layer="x" * 1000),
    ):
        with pytest.raises(UserError) as error:
            wrong()
        assert len(str(error.value)) < 300


def test_networks_beyond_the_budget_leave_and_can_be_used_on(cat):
    engine_ = Engine(BUNDLED, CPU, memory=20_000_000)  # 10 MB of networks
    photo = read_photo(cat)
    alexnet = engine_.encoder("alexnet")
    engine_.features(photo, "imagenet", [("alexnet", "conv5")])
    assert engine_.kept["encoders"].nbytes == pytest.approx(9_880_000, rel=0.01)
    engine_.features(photo, "imagenet", [("efficientnet_lite0", "stage5")])
    assert engine_.kept["encoders"].nbytes == engine_.encoder("efficientnet_lite0").nbytes
    assert engine_.encoder("alexnet") is not alexnet
    assert alexnet(photo.photo01[None], ["conv5"])["conv5"].shape == (1, 256, 13, 13)


def test_features_and_photos_stay_within_their_budgets(cat):
    engine_ = Engine(BUNDLED, CPU, memory=10_000_000)
    for weights in ("imagenet", "random"):
        engine_.features(read_photo(cat), weights, [("alexnet", "conv1"), ("alexnet", "conv5")])
    assert len(engine_.kept["features"]) == 1
    assert engine_.kept["features"].nbytes == 4 * (64 * 55**2 + 256 * 13**2)


def test_a_warm_network_answers_while_another_is_being_loaded(cat, monkeypatch):
    engine_, loading, enough = Engine(BUNDLED, CPU), Event(), Event()
    photo = read_photo(cat)
    engine_.features(photo, "imagenet", [("alexnet", "conv1")])
    build = TimmModel.build

    def slow_build(model):
        loading.set()
        assert enough.wait(SECONDS)
        return build(model)

    monkeypatch.setattr(TimmModel, "build", slow_build)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(engine_.features, photo, "random", [("timm:resnet10t", "stage1")])
        assert loading.wait(SECONDS)
        for layers in (["conv1"], ["conv2"]):
            places = [("alexnet", layer) for layer in layers]
            assert pool.submit(engine_.features, photo, "imagenet", places).result(SECONDS)
        assert pool.submit(engine_.decoder, CONV1).result(SECONDS)
        enough.set()
        assert slow.result(SECONDS)


def test_a_network_that_takes_long_is_made_ready_before(monkeypatch):
    engine_ = Engine(BUNDLED, CPU)
    asked = [Configuration("timm:resnet10t", "stage1", "linear", "mse", "random")]
    assert engine_.must_prepare(asked, fit=False)
    assert list(engine_.prepare(asked, fit=False)) == [0.0]
    assert not engine_.must_prepare(asked, fit=False)
    assert engine_.must_prepare(asked)  # its decoder is still to be fitted
    assert not engine_.must_prepare([CONV1])


def test_a_network_too_large_for_what_is_free_now_is_refused_when_it_is_loaded(monkeypatch):
    engine_ = Engine(BUNDLED, CPU)
    encoder = engine_.encoder("timm:resnet10t", "random")
    monkeypatch.setattr("explorer.encoders.timm_models.free_memory", lambda: 1000)
    with pytest.raises(UserError, match="GB are free"):
        _ = encoder.backbone


def test_both_who_ask_for_a_checkpoint_that_does_not_fit_read_why(one_checkpoint, monkeypatch):
    engine_, checking, enough = Engine(one_checkpoint, CPU), Event(), Event()

    def unfit(path, header, encoder_for):
        checking.set()
        assert enough.wait(SECONDS)
        raise CheckpointError(f"{path.name}: was trained on other weights.")

    monkeypatch.setattr(engine, "check_fingerprint", unfit)
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(engine_.decoder, CONV1) for _ in range(3)]
        assert checking.wait(SECONDS)
        enough.set()
        for one in asked:
            with pytest.raises(CheckpointError, match="was trained on other weights"):
                one.result(SECONDS)
    assert [name for name, _ in engine_.catalogue().skipped] == [f"{CONV1.name}.safetensors"]


def test_a_checkpoint_is_dropped_while_others_walk_over_the_catalogue(one_checkpoint):
    catalogue = Engine(one_checkpoint, CPU).catalogue()
    for configuration in catalogue.entries:
        catalogue.drop(configuration, CheckpointError("does not fit"))
    assert not catalogue.entries


def test_a_decoder_that_could_not_be_read_for_a_moment_is_read_the_next_time(one_checkpoint, monkeypatch):
    engine_ = Engine(one_checkpoint, CPU)

    def passing(path, device):
        try:
            raise OSError(24, "Too many open files")
        except OSError as error:
            raise CheckpointError(f"{path.name}: cannot be read.") from error

    with monkeypatch.context() as patched:
        patched.setattr(engine, "load_decoder", passing)
        with pytest.raises(CheckpointError):
            engine_.decoder(CONV1)
    assert engine_.decoder(CONV1)


def test_what_is_switched_off_is_refused_in_a_sentence(cat, monkeypatch):
    monkeypatch.setenv("EXPLORER_ALLOW_FITS", "off")
    monkeypatch.setenv("EXPLORER_ALLOW_SEARCHES", "off")
    monkeypatch.setenv("EXPLORER_ALLOW_TIMM", "resnet18, vit_tiny_patch16_224")
    explorer = Explorer(device="cpu")
    assert not explorer.catalogue().on_the_spot
    with pytest.raises(UserError, match="Searching without a decoder is switched off"):
        next(explorer.recover(cat))
    with pytest.raises(UserError, match="Choose one of resnet18, vit_tiny_patch16_224"):
        Configuration("timm:resnet10t")
    assert Configuration("timm:resnet18.a1_in1k").architecture == "timm:resnet18"


def test_a_search_ends_after_the_seconds_it_is_given_whatever_its_settings_say(cat):
    asked = {"architecture": "alexnet", "layer": "conv1"}
    settings = Settings(start="grey", steps=100_000, seconds=3600)
    *_, last = Explorer(device="cpu", search_seconds=1).recover(cat, settings=settings, **asked)
    assert last.done and last.steps < 1000
