"""A GPU that is not there: its tensors say cuda:0, compute on the CPU, and cannot be mixed with the CPU's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves, tree_map_only

GPU = torch.device("cuda:0")
aten = torch.ops.aten
BETWEEN_DEVICES = {
    aten.copy_.default,
    aten._to_copy.default,
    aten._has_compatible_shallow_copy_type.default,
    aten.index.Tensor,  # takes its indices from the CPU, too
}


class OnGpu(Tensor):
    """A tensor of the pretended GPU; `held` has its values."""

    @staticmethod
    def __new__(cls, held: Tensor) -> "OnGpu":
        found = cls._make_wrapper_subclass(
            cls,
            held.shape,
            held.stride(),
            dtype=held.dtype,
            dispatch_device=True,
            dispatch_sizes_strides_policy="sizes",
        )
        found.held = held
        return found

    def tolist(self) -> Any:
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


class PretendedGpu(FakeTensorMode):
    """While entered, cuda:0 can be asked for; what mixes its tensors with the CPU's is a RuntimeError."""

    def dispatch(self, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


@contextmanager
def pretended_gpu() -> Iterator[str]:
    """Have a pretended GPU, and its name, until the block ends."""
    cudnn = torch.backends.cudnn.enabled
    overwrite = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.backends.cudnn.enabled = False
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with PretendedGpu():
            yield str(GPU)
    finally:
        torch.backends.cudnn.enabled = cudnn
        torch.__future__.set_overwrite_module_params_on_conversion(overwrite)


def run(func, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Run an operation with the values that its tensors hold; what it gives is where they are."""
    if func is torch.ops.prim.device.default:
        return GPU
    if func.overloadpacket is aten.to:  # comes in one piece only in inference mode
        with PretendedGpu():
            return func.decompose(*args, **kwargs)
    tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
    on_gpu = [x for x in tensors if isinstance(x, OnGpu)]
    strangers = [x for x in tensors if not isinstance(x, OnGpu) and x.ndim]
    if on_gpu and strangers and func not in BETWEEN_DEVICES:
        raise RuntimeError(f"{func} mixes {GPU} with a {strangers[0].device} tensor {strangers[0].shape}")
    stays = isinstance(args[0], OnGpu) if func is aten.copy_.default else bool(on_gpu)
    if kwargs.get("device") is not None:
        stays = torch.device(kwargs["device"]).type == GPU.type
        kwargs = kwargs | ({"device": torch.device("cpu")} if stays else {})
    changed = {id(x.held): x for x in on_gpu}

    def placed(found: Tensor) -> Tensor:
        return changed[id(found)] if id(found) in changed else OnGpu(found) if stays else found

    with torch.inference_mode(False), torch.no_grad():
        found = func(*tree_map_only(OnGpu, lambda x: x.held, args), **kwargs)
        return tree_map_only(Tensor, placed, found)
