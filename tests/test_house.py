"""The house stays one to live in: files short enough to read, and an explorer that needs no trainer."""

import pytest

from tests.serving import ROOT

LINES = 300
REASON = "Over 300 lines because"  # in the first lines of a file that has a reason


def files(folders: tuple[str, ...], *endings: str) -> list[str]:
    every = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in endings)
    return sorted(str(path.relative_to(ROOT)) for path in every)


@pytest.mark.parametrize("name", files(("explorer", "trainer", "tests"), ".py", ".js", ".css", ".html"))
def test_a_file_is_short_enough_to_read_or_says_why_not(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LINES or any(REASON in line for line in lines[:12])


def test_tests_of_the_explorer_do_without_the_trainer():
    found = [
        name
        for name in files(("tests/explorer", "tests/browser"), ".py")
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith(("from trainer", "import trainer"))
    ]
    assert found == []
