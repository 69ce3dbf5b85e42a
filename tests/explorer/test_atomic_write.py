import os
import subprocess
import sys

import pytest

from explorer.atomic_write import whole_file
from explorer.folders import PROJECT


def test_a_file_takes_its_name_when_it_is_written(tmp_path):
    path = tmp_path / "new" / "figures.json"
    with whole_file(path) as part:
        part.write_text("half")
        assert not path.exists()
        part.write_text("whole")
    assert path.read_text() == "whole"
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("mistake", [OSError("disk full"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_what_was_there_and_no_rest(tmp_path, mistake):
    path = tmp_path / ("long" * 60)
    path.write_text("before")
    with pytest.raises(type(mistake)), whole_file(path) as part:
        part.write_text("ha")
        raise mistake
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


def test_parts_of_killed_writers_are_removed_and_those_of_others_stay(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from explorer.atomic_write import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as part: part.write_text('ha'); os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "state")], cwd=PROJECT)
    [left] = tmp_path.iterdir()
    assert killed.returncode == 9 and left.name.endswith(".part")
    old, elsewhere = tmp_path / ".old.part", tmp_path / f".x.elsewhere.{2**22 + 1}.0.part"
    for part in (old, elsewhere):
        part.write_text("ha")
    os.utime(old, (0, 0))
    with whole_file(tmp_path / "one") as running, whole_file(tmp_path / "other") as path:
        running.write_text("one")
        path.write_text("other")
    assert sorted(path.name for path in tmp_path.iterdir()) == [elsewhere.name, "one", "other"]


def test_two_writers_do_not_get_in_each_others_way(tmp_path):
    path = tmp_path / "picture.png"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # the last to end
    assert [*tmp_path.iterdir()] == [path]
