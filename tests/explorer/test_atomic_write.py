import pytest

from explorer.atomic_write import whole_file


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


def test_two_writers_do_not_get_in_each_others_way(tmp_path):
    path = tmp_path / "picture.png"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # the last to end
    assert [*tmp_path.iterdir()] == [path]
