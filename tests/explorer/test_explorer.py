import numpy as np
import pytest
from PIL import Image

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.measures.metrics import measure
from explorer.photos.crops import report_crop
from explorer.photos.loading import load_photo
from explorer.photos.tensors import to_tensor

SECTION_8_KEYS = {
    "architecture",
    "layer",
    "decoder",
    "loss",
    "weights",
    "psnr",
    "ssim",
    "lpips",
    "mse",
    "seconds",
}


def test_reconstruction_of_block1_is_close_and_says_what_made_it(explorer, cat):
    found = explorer.reconstruct(cat)
    assert found.original.size == found.reconstruction.size == found.error.size == (224, 224)
    assert found.to_dict().keys() == SECTION_8_KEYS
    assert found.configuration.name == "vgg16-block1-transposed_conv-hybrid-imagenet"
    assert found.metrics.psnr > 26
    assert found.metrics.lpips < 0.06


def test_figures_are_those_of_the_pictures_shown(explorer, cat):
    found = explorer.reconstruct(cat, layer="block3", decoder="linear")
    shown = measure(to_tensor(found.reconstruction)[None], to_tensor(found.original)[None])[0]
    assert found.metrics.psnr == pytest.approx(shown.psnr, abs=0.02)  # the picture is rounded to 8 bits
    assert found.original.tobytes() == report_crop(load_photo(cat)).tobytes()


def test_deeper_layers_keep_less(explorer, cat):
    found = explorer.depth(cat, decoder="linear")
    assert [r.configuration.layer for r in found] == ["block1", "block2", "block3", "block4", "block5"]
    decibels = [r.metrics.psnr for r in found]
    assert decibels == sorted(decibels, reverse=True)


def test_depth_gives_the_same_figures_as_single_reconstructions(explorer, cat):
    single = Explorer(device="cpu").reconstruct(cat, layer="block4", decoder="linear")
    assert explorer.depth(cat, decoder="linear")[3].metrics == pytest.approx(dict(single.metrics), rel=1e-9)


def test_reconstruction_of_a_grey_photo_stays_grey(explorer):
    grey = Image.fromarray(np.tile(np.linspace(0, 255, 256, dtype=np.uint8), (256, 1))).convert("RGB")
    pixels = np.asarray(explorer.reconstruct(grey).reconstruction, dtype=float)
    assert np.abs(pixels - pixels.mean(axis=2, keepdims=True)).mean() < 6


def test_same_photo_gives_the_same_picture_twice(explorer, cat):
    first, second = (one.reconstruct(cat, layer="block2") for one in (explorer, Explorer(device="cpu")))
    assert first.reconstruction.tobytes() == second.reconstruction.tobytes()
    assert first.metrics == second.metrics


def test_what_was_drawn_and_judged_of_a_photo_is_kept(cat, monkeypatch):
    explorer = Explorer(device="cpu")
    asked = Configuration(layer="block2", decoder="linear", loss="mse")
    first = explorer.judged(explorer.reconstruct(cat, asked))
    monkeypatch.setattr("explorer.encoders.frozen.FrozenEncoder.__call__", lambda *_: pytest.fail("encoded"))
    monkeypatch.setattr("explorer.drawing.measure", lambda *_: pytest.fail("measured"))
    again = explorer.reconstruct(cat, asked)
    assert again.reconstruction.tobytes() == first.reconstruction.tobytes()
    assert "similarity" in first.metrics and "similarity" not in again.metrics
    assert explorer.judged(again).to_dict() == first.to_dict()
    with pytest.raises(pytest.fail.Exception):
        explorer.reconstruct(cat.with_name("coffee.jpg"), asked)


def test_another_decoder_on_the_same_photo_does_not_run_the_encoder_again(cat, monkeypatch):
    explorer = Explorer(device="cpu")
    explorer.reconstruct(cat, decoder="linear")
    encoder = explorer.engine.encoder("vgg16")
    monkeypatch.setattr(type(encoder), "__call__", lambda *_: pytest.fail("the encoder ran again"))
    explorer.reconstruct(cat, decoder="transposed_conv")
    explorer.features(cat, layer="block1")


def test_two_photos_are_not_mixed_up_in_the_cache(explorer, cat):
    coffee = cat.with_name("coffee.jpg")
    before = explorer.reconstruct(cat).metrics
    assert explorer.reconstruct(coffee).metrics != before
    assert explorer.reconstruct(cat).metrics == before


def test_linear_has_only_the_squared_error_whatever_is_asked(explorer, cat):
    assert explorer.reconstruct(cat, decoder="linear", loss="hybrid").configuration.loss == "mse"


def test_what_is_not_trained_says_how_to_make_it(explorer, cat):
    with pytest.raises(UserError, match="python -m trainer train --decoder attention --loss lpips"):
        explorer.reconstruct(cat, decoder="attention", loss="lpips")


def test_device_that_is_not_there_is_named():
    with pytest.raises(UserError, match="'toaster'"):
        Explorer(device="toaster")


def test_environment_names_checkpoints_and_device(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("EXPLORER_DEVICE", "cpu")
    explorer = Explorer()
    assert explorer.engine.folder == tmp_path
    assert explorer.catalogue().entries == {}
    assert explorer.catalogue().decoders("vgg16", "block1") == ["linear"]


def test_encoder_cannot_be_read_is_one_sentence(tmp_path):
    (tmp_path / "encoders").mkdir()
    (tmp_path / "encoders/vgg16.safetensors").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"vgg16\.safetensors cannot be read"):
        Explorer(tmp_path, device="cpu").features(np.zeros((64, 64, 3), np.uint8))
