"""Folders that strangers fill are swept."""

import os
import time

from explorer.serving.disk import FRESH_SECONDS, Room

HOUR = 3600.0


def put(path, size: int, age: float):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age,) * 2)


def age(folder, seconds: float) -> None:
    os.utime(folder, (time.time() - seconds,) * 2)


def test_what_an_earlier_process_left_goes_by_its_age_and_empty_folders_with_it(tmp_path):
    put(tmp_path / "old" / "upload.png", 10, age=7 * HOUR)
    put(tmp_path / "aborted.part", 10, age=7 * HOUR)
    put(tmp_path / "new" / "upload.png", 10, age=HOUR)
    (tmp_path / "waiting").mkdir()
    room = Room(tmp_path, 6 * HOUR, 10**6)
    assert room.sweep() == 2
    age(tmp_path / "old", 2 * FRESH_SECONDS)
    room.sweep()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "waiting"]


def test_the_oldest_goes_where_there_is_too_much(tmp_path):
    for number in range(5):
        put(tmp_path / str(number) / "image.png", 100, age=number * 60)
    assert Room(tmp_path, None, 250).sweep() == 3
    assert sorted(str(path.parent.name) for path in tmp_path.rglob("*.png")) == ["0", "1"]


def test_a_folder_that_is_not_there_and_a_link_to_elsewhere_are_left_alone(tmp_path):
    assert Room(tmp_path / "none", None, 1).sweep() == 0
    put(tmp_path / "mine" / "precious", 100, age=7 * HOUR)
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "link").symlink_to(tmp_path / "mine" / "precious")
    Room(tmp_path / "room", 1.0, 1).sweep()
    assert (tmp_path / "mine" / "precious").exists()
