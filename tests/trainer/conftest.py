import shutil
from pathlib import Path

import pytest

from trainer.data.photos import PhotoSet, load_set
from trainer.measuring import costs

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


@pytest.fixture(scope="session", autouse=True)
def timed_once():
    """Let costs be timed once, not seven times: no test looks at how long something took."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs, "REPEATS", 1)
        yield
