import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from explorer import Explorer
from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import (
    HEADER_KEY,
    CheckpointError,
    Header,
    build_decoder,
    load_decoder,
    read_header,
    save_checkpoint,
    write_safetensors,
)
from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from explorer.folders import BUNDLED

BLOCK1 = Configuration("vgg16", "block1", "transposed_conv", "mse")


@pytest.fixture(scope="module")
def encoder() -> FrozenEncoder:
    return FrozenEncoder("vgg16")


@pytest.fixture
def checkpoint(tmp_path, encoder):
    """A checkpoint of an untrained decoder that fits the bundled encoder."""
    header = Header(
        BLOCK1, encoder.fingerprint("block1"), {"steps": 1}, {"photos": 2}, {"val_psnr": 9.0}, 33_731
    )
    return save_checkpoint(tmp_path / "decoders", build_decoder(BLOCK1), header)


def scan(checkpoint, encoder) -> Catalogue:
    return Catalogue.scan(checkpoint.parent.parent, lambda architecture, weights: encoder)


def rewrite_header(path, **changes):
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()[HEADER_KEY])
    save_file(load_file(path), path, {HEADER_KEY: json.dumps(header | changes)})


def test_header_survives_the_round_trip(checkpoint, encoder):
    header = read_header(checkpoint)
    assert header.configuration == BLOCK1
    assert header.fingerprint == encoder.fingerprint("block1")
    assert (header.recipe, header.data, header.metrics) == ({"steps": 1}, {"photos": 2}, {"val_psnr": 9.0})


def test_loaded_decoder_draws_what_the_saved_one_drew_to_half_precision(tmp_path, encoder):
    decoder = build_decoder(BLOCK1).eval()
    path = save_checkpoint(tmp_path, decoder, Header(BLOCK1, encoder.fingerprint("block1")))
    features = torch.randn(1, 64, 16, 16)
    assert torch.allclose(load_decoder(path)(features, 32), decoder(features, 32), atol=2e-3)


def test_parameters_are_stored_in_half_and_statistics_in_single_precision(checkpoint):
    types = {name: tensor.dtype for name, tensor in load_file(checkpoint).items()}
    assert types["layers.0.weight"] == torch.float16
    assert types["feature_std"] == types["layers.1.running_var"] == torch.float32


def test_catalogue_lists_the_checkpoint_and_what_is_missing(checkpoint, encoder):
    catalogue = scan(checkpoint, encoder)
    assert catalogue.architectures == ["vgg16"]
    assert catalogue.layers("vgg16") == ["block1"]
    assert catalogue.decoders("vgg16", "block1") == ["transposed_conv"]
    assert catalogue.losses("vgg16", "block1", "transposed_conv") == ["mse"]
    reasons = {c.name: reason for c, reason in catalogue.missing}
    assert BLOCK1.name not in reasons
    assert "python -m trainer fit-linear" in reasons["vgg16-block2-linear-mse-imagenet"]


def test_checkpoint_of_other_encoder_weights_is_named_and_skipped(checkpoint, encoder):
    rewrite_header(checkpoint, fingerprint=[value * 1.5 for value in encoder.fingerprint("block1")])
    catalogue = scan(checkpoint, encoder)
    assert catalogue.entries == {}
    [(name, reason)] = catalogue.skipped
    assert name == "vgg16-block1-transposed_conv-mse-imagenet.safetensors"
    assert "trained on other encoder weights" in reason
    with pytest.raises(UserError, match="was skipped: was trained on other encoder weights"):
        catalogue.find(Configuration(loss="mse"))


def test_tensors_that_do_not_fit_the_decoder_are_an_error_not_a_bad_picture(checkpoint):
    with safe_open(checkpoint, framework="pt") as file:
        metadata = file.metadata()
    save_file({"layers.0.weight": torch.zeros(1)}, checkpoint, metadata)
    with pytest.raises(CheckpointError, match="tensors do not fit"):
        load_decoder(checkpoint)


def test_asking_for_what_is_not_trained_says_what_is_ready_and_how_to_make_it(checkpoint, encoder):
    catalogue = scan(checkpoint, encoder)
    with pytest.raises(UserError, match=r"Ready with the loss mse\. To make it: python -m trainer train"):
        catalogue.find(Configuration())


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (("vgg17", "block1", "linear", "mse", "imagenet"), "vgg16"),
        (("vgg16", "block0", "linear", "mse", "imagenet"), "block1, block2, block3, block4, block5"),
        (("vgg16", "block1", "magic", "mse", "imagenet"), "linear, transposed_conv"),
        (("vgg16", "block1", "transposed_conv", "l1", "imagenet"), "mse, lpips, hybrid"),
        (("vgg16", "block1", "linear", "mse", "jft"), "imagenet, random"),
    ],
)
def test_unknown_names_list_the_allowed_ones(checkpoint, encoder, asked, allowed):
    with pytest.raises(UserError, match=allowed):
        scan(checkpoint, encoder).find(Configuration(*asked))


def test_a_failed_write_leaves_the_old_file_whole_and_no_rest(checkpoint, monkeypatch):
    before = checkpoint.read_bytes()

    def disk_full(tensors, name, metadata):
        with open(name, "wb") as file:
            file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("explorer.checkpoints.files.save_file", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_safetensors(checkpoint, {"a": torch.zeros(1)}, {})
    assert checkpoint.read_bytes() == before
    assert [path.name for path in checkpoint.parent.iterdir()] == [checkpoint.name]


def test_bundled_catalogue_has_every_vgg16_block_and_skips_nothing(explorer):
    catalogue = explorer.catalogue()
    assert catalogue.skipped == []
    for layer in ("block1", "block2", "block3", "block4", "block5"):
        assert {"linear", "transposed_conv"} <= set(catalogue.decoders("vgg16", layer))
        assert "mse" in catalogue.losses("vgg16", layer, "transposed_conv")


@pytest.fixture
def changed_encoder(tmp_path) -> Path:
    """A folder of checkpoints whose VGG16 is not the one that the decoders in it were trained on."""
    shutil.copytree(BUNDLED / "decoders", tmp_path / "decoders")
    tensors = load_file(BUNDLED / "encoders/vgg16.safetensors")
    tensors["features.0.weight"] *= 1.1
    write_safetensors(tmp_path / "encoders/vgg16.safetensors", tensors, {})
    return tmp_path


def test_changed_encoder_file_makes_its_decoders_unusable_not_wrong(changed_encoder, cat):
    explorer = Explorer(changed_encoder, device="cpu")
    with pytest.raises(CheckpointError, match="trained on other encoder weights"):
        explorer.reconstruct(cat, layer="block1", decoder="linear")
    catalogue = explorer.catalogue()
    assert [name for name, _ in catalogue.skipped] == ["vgg16-block1-linear-mse-imagenet.safetensors"]
    assert "linear" not in catalogue.decoders("vgg16", "block1")
    assert "linear" in catalogue.decoders("vgg16", "block2")


def test_two_visitors_who_ask_for_an_unusable_checkpoint_get_the_same_sentence(
    changed_encoder, cat, monkeypatch
):
    explorer = Explorer(changed_encoder, device="cpu")
    both_have_found_it, find = Barrier(2, timeout=60), Catalogue.find

    def find_together(*asked):
        found = find(*asked)
        both_have_found_it.wait()
        return found

    monkeypatch.setattr(Catalogue, "find", find_together)
    with ThreadPoolExecutor(2) as visitors:
        first, second = (visitors.submit(explorer.reconstruct, cat) for _ in range(2))
        errors = [first.exception(), second.exception()]
    assert [type(error) for error in errors] == [CheckpointError] * 2
    assert str(errors[0]) == str(errors[1])
    assert "vgg16-block1-transposed_conv-hybrid-imagenet.safetensors: was trained on other" in str(errors[0])


@pytest.mark.parametrize("decoder", ["linear", "transposed_conv"])
def test_nothing_is_fitted_in_the_place_of_an_unusable_checkpoint(changed_encoder, cat, decoder):
    explorer = Explorer(changed_encoder, device="cpu")
    asked = explorer.catalogue().find(Configuration(decoder=decoder, loss="mse"))
    with pytest.raises(CheckpointError) as first:
        explorer.reconstruct(cat, asked)
    with pytest.raises(CheckpointError) as second:
        next(explorer.prepare([asked]))
    assert str(first.value) == str(second.value)
