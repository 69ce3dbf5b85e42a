"""The runtime comes from npm, or from a file, and only as it was published."""

import tarfile
from itertools import chain

import pytest

from explorer.browser import runtime
from explorer.browser.runtime import FILES, copy_runtime, integrity
from explorer.errors import UserError


@pytest.fixture
def package(tmp_path):
    """A package with the runtime's files, none of them real."""
    path = tmp_path / "package.tgz"
    (tmp_path / "file").write_text("a program")
    with tarfile.open(path, "w:gz") as archive:
        for name in chain(*FILES.values()):
            archive.add(tmp_path / "file", f"package/dist/{name}")
    return path


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Return a function that puts a program called npm, of these lines, where programs are looked for."""
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(*lines: str) -> None:
        (tmp_path / "npm").write_text("\n".join(["#!/bin/sh", *lines]))
        (tmp_path / "npm").chmod(0o755)

    return write


def test_a_package_as_it_was_published_is_unpacked_with_its_licence(package, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "INTEGRITY", integrity(package))
    copy_runtime(tmp_path / "site", package)
    assert {path.name for path in (tmp_path / "site").iterdir()} == set(FILES)
    for part, files in FILES.items():
        names = {path.name for path in (tmp_path / "site" / part).iterdir()}
        assert names == {*files, "LICENSE.txt"}
        assert "MIT License" in (tmp_path / "site" / part / "LICENSE.txt").read_text()


def test_another_package_is_refused_before_anything_is_written(package, tmp_path):
    with pytest.raises(UserError, match="is not onnxruntime-web .* as it was published"):
        copy_runtime(tmp_path / "runtime", package)
    assert not (tmp_path / "runtime").exists()


def test_npm_is_asked_once_and_what_it_brings_is_kept(package, npm, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "INTEGRITY", integrity(package))
    npm(f"[ $1 = pack ] && [ $2 = {runtime.PACKAGE}@{runtime.VERSION} ] || exit 1",
        f"/bin/cp {package} {runtime.PACKAGE}-{runtime.VERSION}.tgz")  # fmt: skip
    copy_runtime(tmp_path / "first")
    npm("exit 1")
    copy_runtime(tmp_path / "second")
    assert (tmp_path / "second" / "runtime" / FILES["runtime"][0]).read_text() == "a program"


def test_without_npm_one_sentence_says_what_to_do(npm, tmp_path):
    with pytest.raises(UserError, match=r"there is no npm here: install Node\.js"):
        copy_runtime(tmp_path / "runtime")


def test_what_npm_complains_of_is_passed_on(npm, tmp_path):
    npm("echo 'npm error network' >&2", "exit 1")
    with pytest.raises(UserError, match=r"npm could not fetch .* \(npm error network\): check the network"):
        copy_runtime(tmp_path / "runtime")
