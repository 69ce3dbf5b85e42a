"""timm and lpips, imported without PyTorch's compiler, which takes longer than they do and compiles nothing.

Two lines load it. torchvision, which both of them need, imports a function that is asked when regions of a
picture are pooled (torchvision/ops/roi_align.py), and timm marks what is not to be compiled, where PyTorch
can do that (timm/layers/typing.py).
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import ModuleType

import torch

COMPILER, ASKED = "torch._dynamo", "torch._dynamo.utils"
_importing = Lock()


def load_timm() -> ModuleType:
    """Return the module timm."""
    return load("timm")


def load(name: str) -> ModuleType:
    """Return a module that imports torchvision or timm."""
    with _importing, _without_compiler():
        return importlib.import_module(name)


def load_compiler() -> None:
    """Load the compiler, as an optimiser does, which takes seconds; not while a stand-in is there."""
    with _importing:
        importlib.import_module(COMPILER)


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Let a stand-in be imported instead of the compiler, unless that is loaded."""
    if COMPILER in sys.modules:
        yield
        return
    package, utilities = ModuleType(COMPILER), ModuleType(ASKED)
    utilities.is_compile_supported = _is_compile_supported
    sys.modules |= {COMPILER: package, ASKED: utilities}
    disable, torch.compiler.disable = torch.compiler.disable, None
    try:
        yield
    finally:
        torch.compiler.disable = disable
        del sys.modules[COMPILER], sys.modules[ASKED]


def _is_compile_supported(device: str) -> bool:
    return importlib.import_module(ASKED).is_compile_supported(device)
