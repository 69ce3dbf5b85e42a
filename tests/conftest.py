"""Fixtures shared by all tests: real example photos, the bundled checkpoints, and one Explorer."""

from pathlib import Path

import pytest
import torch

from explorer import Explorer
from explorer.images import load_photo, report_crop, to_tensor

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "assets" / "examples"


@pytest.fixture(scope="session")
def cat() -> Path:
    return EXAMPLES / "cat.jpg"


@pytest.fixture(scope="session")
def examples01() -> torch.Tensor:
    """The six bundled example photos, (6, 3, 224, 224) in [0, 1]."""
    return torch.stack([to_tensor(report_crop(load_photo(path))) for path in sorted(EXAMPLES.glob("*.jpg"))])


@pytest.fixture(scope="session")
def explorer() -> Explorer:
    return Explorer(ROOT / "checkpoints", device="cpu")
