import shutil
from pathlib import Path

import pytest

from trainer.data.photos import PhotoSet, load_set
from trainer.measuring import costs
from trainer.training.closed_form import fit_linear

COUNT = 3  # of the example photos, in the order of their names; that of the cat is among them


@pytest.fixture(scope="session")
def photos_folder(tmp_path_factory, cat) -> Path:
    """A folder with the first three of the example photos."""
    folder = tmp_path_factory.mktemp("photos")
    for path in sorted(cat.parent.glob("*.jpg"))[:COUNT]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def photos(photos_folder) -> PhotoSet:
    return load_set(photos_folder, progress=False)


@pytest.fixture(scope="session")
def fitted(photos, tmp_path_factory) -> tuple[Path, dict[str, float]]:
    """A folder with VGG16 block1's linear decoder, fitted on these photos, and what fitting returned."""
    folder = tmp_path_factory.mktemp("fitted")
    return folder, fit_linear("vgg16", ["block1"], photos, photos, folder, progress_bar=False)


@pytest.fixture(scope="session", autouse=True)
def timed_once():
    """Let costs be timed once, not seven times: no test looks at how long something took."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs, "REPEATS", 1)
        yield
