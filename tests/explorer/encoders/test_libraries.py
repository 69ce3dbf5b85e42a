import subprocess
import sys

from tests.serving import ROOT

WITHOUT = """
import sys
from explorer.encoders.libraries import _is_compile_supported, load, load_timm
timm = load_timm()
load("lpips")
assert "torch._dynamo" not in sys.modules
"""
# Where one of these no longer holds, a stand-in is no longer needed.
ASKED = """
from timm.layers.typing import disable_compiler, nullwrap
assert disable_compiler is nullwrap
assert sys.modules["torchvision.ops.roi_align"].is_compile_supported is _is_compile_supported
"""
AFTERWARDS = """
import torch
from explorer.encoders.libraries import load_compiler
load_compiler()
assert "torch._dynamo" in sys.modules
assert callable(torch.compiler.disable)
assert _is_compile_supported("cpu")
assert torch._dynamo.utils.is_compile_supported("cpu")
assert timm.create_model("resnet10t")(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
"""


def test_libraries_are_imported_without_the_compiler_which_can_be_had_afterwards():
    code = WITHOUT + ASKED + AFTERWARDS
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
