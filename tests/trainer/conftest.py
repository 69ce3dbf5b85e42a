import shutil
from pathlib import Path

import pytest

from trainer.data.photos import PhotoSet, load_set


@pytest.fixture(scope="session")
def photos_folder(tmp_path_factory, cat) -> Path:
    """A folder with the six example photos."""
    folder = tmp_path_factory.mktemp("photos")
    for path in sorted(cat.parent.glob("*.jpg")):
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def photos(photos_folder) -> PhotoSet:
    return load_set(photos_folder, progress=False)
