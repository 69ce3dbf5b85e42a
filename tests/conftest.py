"""Fixtures shared by all tests: real example photos, the bundled checkpoints, and one Explorer."""

import tests.own_environment  # noqa: F401 (first: others read the environment when they are imported)

# isort: split
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from explorer import Explorer
from explorer.measures.lpips import lpips_network
from explorer.photos.crops import report_crop
from explorer.photos.loading import load_photo
from explorer.photos.tensors import to_tensor
from tests.pretended_gpu import pretended_gpu
from tests.serving import Server, serve

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "assets" / "examples"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep what is fitted on the spot out of the user's own cache, and the user's out of the tests."""
    os.environ["EXPLORER_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    return Path(os.environ["EXPLORER_CACHE"])


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


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app as a server, with time for a busy machine."""
    log = tmp_path_factory.mktemp("app") / "app.log"
    with serve(log, EXPLORER_ANSWERS_SECONDS="300", EXPLORER_SEARCHES_WAITING="1") as server:
        yield server


@pytest.fixture
def gpu() -> Iterator[str]:
    """A pretended GPU, by its name: what mixes its tensors with the CPU's is an error, as on a real one."""
    with pretended_gpu() as name:
        yield name
    lpips_network.cache_clear()  # it may hold one of the pretended GPU
