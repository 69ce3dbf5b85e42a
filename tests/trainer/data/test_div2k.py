import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from explorer.errors import UserError
from tests.hub_server import serve
from trainer.__main__ import main
from trainer.data import div2k
from trainer.data.photos import load_train_val

COUNTS = {"DIV2K_train_HR.zip": 10, "DIV2K_valid_HR.zip": 2}


def archive(name: str, count: int, first: int) -> bytes:
    """A small stand-in: `count` noise photos of 400 x 300 pixels."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as stored:
        for number in range(first, first + count):
            noise = np.random.default_rng(number).integers(0, 255, (300, 400, 3), dtype=np.uint8)
            picture = io.BytesIO()
            Image.fromarray(noise).save(picture, "PNG")
            stored.writestr(f"{name.removesuffix('.zip')}/{number:04d}.png", picture.getvalue())
    return file.getvalue()


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    return {
        "DIV2K_train_HR.zip": archive("DIV2K_train_HR.zip", 10, 1),
        "DIV2K_valid_HR.zip": archive("DIV2K_valid_HR.zip", 2, 801),
    }


@pytest.fixture
def archives(contents, tmp_path, monkeypatch):
    monkeypatch.setattr(div2k, "ARCHIVES", COUNTS)
    monkeypatch.setattr(div2k, "TRAIN", 8)
    folder = tmp_path / "archives"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_photos_are_split_shortened_and_ready_to_train_on(archives, tmp_path, capsys):
    assert main(["data", "div2k", "--archives", str(archives), "--out", str(tmp_path / "out")]) == 0
    assert [len(names(tmp_path / "out" / part)) for part in ("train", "val", "test")] == [8, 2, 2]
    assert names(tmp_path / "out/test") == ["0801.png", "0802.png"]
    assert Image.open(tmp_path / "out/test/0801.png").size == (341, 256)
    train, val = load_train_val(tmp_path / "out", progress=False)
    assert not set(train.names) & set(val.names) and len(train.names) == 8
    assert "train: 8 photos" in capsys.readouterr().out


def test_split_of_the_real_names_is_fixed_by_the_seed():
    everything = [f"{number:04d}.png" for number in range(1, 801)]
    train, val = div2k.split(everything)
    assert (len(train), len(val)) == (640, 160) and not train & val
    assert (train, val) == div2k.split(everything[::-1])
    assert train != div2k.split(everything, seed=7)[0]
    assert sorted(val)[:3] == VAL_BEGINS


VAL_BEGINS = ["0008.png", "0009.png", "0010.png"]


def test_a_stopped_run_goes_on(archives, tmp_path, monkeypatch):
    written = []
    write = div2k.write_photo

    def stopped_at_the_fifth(archive, name, target):
        if len(written) == 4:
            raise KeyboardInterrupt
        write(archive, name, target)
        written.append(name)

    monkeypatch.setattr(div2k, "write_photo", stopped_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        div2k.prepare(tmp_path / "out", archives, progress_bar=False)
    first = list(written)
    monkeypatch.setattr(div2k, "write_photo", lambda *a: written.append(a[1]) or write(*a))
    div2k.prepare(tmp_path / "out", archives, progress_bar=False)
    assert len(written) == 12 and not set(first) & set(written[4:])


def test_damaged_incomplete_or_missing_archives_are_named(archives, tmp_path, contents):
    path = archives / "DIV2K_train_HR.zip"
    broken = bytearray(contents[path.name])
    broken[2000] ^= 255
    for content, said in (
        (bytes(broken), "is damaged"),
        (contents[path.name][:1000], "not a whole ZIP"),
        (archive(path.name, 3, 1), "has 3 photos, not 10"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=said):
            div2k.prepare(tmp_path / "out", archives, progress_bar=False)
    path.unlink()
    with pytest.raises(UserError, match="DIV2K_train_HR.zip is not in"):
        div2k.prepare(tmp_path / "out", archives, progress_bar=False)
    assert not list((tmp_path / "out").rglob(".*"))


def test_archives_come_from_the_hub(contents, tmp_path, monkeypatch):
    monkeypatch.setattr(div2k, "ARCHIVES", COUNTS)
    monkeypatch.setattr(div2k, "TRAIN", 8)
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    with serve({f"{div2k.REPOSITORY}/{name}": content for name, content in contents.items()}) as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.address)
        monkeypatch.setattr(
            "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
            hub.address + "/{repo_id}/resolve/{revision}/{filename}",
        )
        div2k.prepare(tmp_path / "out", progress_bar=False)
    assert len(names(tmp_path / "out/train")) == 8


def test_without_the_hub_the_message_says_what_else_there_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert main(["data", "div2k", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "cannot be reached" in said and "--archives" in said and "--photos DIR" in said
