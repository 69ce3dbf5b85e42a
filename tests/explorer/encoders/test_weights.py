import pytest
import torch
from safetensors import safe_open

from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import checkpoints_folder, control_tensor, philox_uniform, weight_source
from explorer.errors import UserError
from explorer.folders import BUNDLED

PROBE = [0.5423538930579628, 0.9952437172247607, 0.45653574426599874]
FIRST_KERNEL = [[-0.5537, 0.1427, 0.5290], [-0.5831, 0.3566, 0.7657], [-0.6902, -0.0480, 0.4841]]


def test_first_kernel_of_the_bundled_vgg16_is_torchvisions():
    kernel = weight_source("vgg16").read("features.0.weight", (64, 3, 3, 3))[0, 0]
    assert torch.allclose(kernel, torch.tensor(FIRST_KERNEL), atol=3e-4)  # half of an fp16 step near 0.5


def test_bundled_vgg16_holds_exactly_its_13_convolutions_in_half_precision():
    with safe_open(BUNDLED / "encoders/vgg16.safetensors", framework="pt") as file:
        names = set(file.keys())
        assert {file.get_slice(name).get_dtype() for name in names} == {"F16"}
        assert "BSD-3-Clause" in file.metadata()["licence"]
    convolutions = [
        op.name for stage in encoder_spec("vgg16").network.stages for op in stage if hasattr(op, "name")
    ]
    assert len(convolutions) == 13
    assert names == {f"{name}.{part}" for name in convolutions for part in ("weight", "bias")}


def test_bundled_alexnet_is_in_single_precision():
    with safe_open(BUNDLED / "encoders/alexnet.safetensors", framework="pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F32"}  # noqa: SIM118
        assert len(file.keys()) == 10


def test_control_weights_are_the_same_numbers_on_every_machine():
    assert philox_uniform("probe", 3).tolist() == PROBE
    assert control_tensor("a", (4, 3, 3, 3)).equal(control_tensor("a", (4, 3, 3, 3)))
    assert not control_tensor("a", (4, 3, 3, 3)).equal(control_tensor("b", (4, 3, 3, 3)))


def test_control_weights_have_he_variance_and_zero_biases():
    weight = control_tensor("w", (256, 128, 3, 3))
    assert weight.var().item() == pytest.approx(2 / (128 * 9), rel=0.01)
    assert weight.mean().item() == pytest.approx(0, abs=1e-3)
    assert control_tensor("b", (7,)).eq(0).all()


def test_unknown_source_lists_the_allowed_ones():
    with pytest.raises(UserError, match="imagenet, random"):
        weight_source("vgg16", "image-net-22k")


def test_a_tensor_of_another_shape_is_refused():
    with pytest.raises(UserError, match=r"features\.0\.weight has shape \(64, 3, 3, 3\)"):
        weight_source("vgg16").read("features.0.weight", (64, 1, 3, 3))


def test_missing_encoder_file_says_how_to_make_it():
    with pytest.raises(UserError, match="import-weights"):
        weight_source("no_such_architecture")


def test_checkpoints_folder_is_argument_then_environment_then_bundled(tmp_path, monkeypatch):
    monkeypatch.delenv("EXPLORER_CHECKPOINTS", raising=False)
    assert checkpoints_folder() == BUNDLED
    monkeypatch.setenv("EXPLORER_CHECKPOINTS", str(tmp_path))
    assert checkpoints_folder() == tmp_path
    assert checkpoints_folder(BUNDLED) == BUNDLED


def test_checkpoints_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        checkpoints_folder(tmp_path / "nowhere")
