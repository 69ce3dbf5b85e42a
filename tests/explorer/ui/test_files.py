from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from explorer import UserError
from explorer.ui.files import offered_file, offered_picture, uploaded_file


def test_a_file_on_offer_lies_in_the_cache_that_gradio_cleans_and_only_once(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    first, again = (offered_file("figures.csv", b"a,b\n") for _ in range(2))
    assert first == again
    assert Path(first).name == "figures.csv" and Path(first).read_bytes() == b"a,b\n"
    assert Path(get_upload_folder()) in Path(first).parents
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_picture_that_many_ask_for_at_once_is_never_half_there(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    noise = Image.effect_noise((512, 512), 80)

    def one_visitor(_: int) -> bool:
        with Image.open(offered_picture(noise)) as sent:
            return sent.tobytes() == noise.tobytes()

    with ThreadPoolExecutor(8) as visitors:
        assert all(visitors.map(one_visitor, range(40)))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_only_a_file_that_was_uploaded_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    own = offered_file("photo.png", b"a photo")
    assert uploaded_file({"path": own}) == own
    (tmp_path / "cache" / "link.png").symlink_to("/etc/hostname")
    for path in ("/etc/hostname", f"{tmp_path}/cache/../other.png", f"{tmp_path}/cache/link.png", "", None):
        with pytest.raises(UserError, match="not uploaded"):
            uploaded_file({"path": path})
