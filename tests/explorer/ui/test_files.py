from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from explorer import UserError
from explorer.photos.loading import load_photo
from explorer.ui.files import offered_file, offered_picture, shown_file, uploaded_file


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


def test_photos_that_browsers_do_not_show_are_copied(cat, tmp_path):
    assert shown_file(str(cat)) == str(cat)
    photo = load_photo(cat)
    for name, loss in (("phone.HEIC", 3), ("scan.tiff", 0)):
        photo.save(tmp_path / name, quality=95)
        shown = Path(shown_file(str(tmp_path / name)))
        assert shown.stem == name.partition(".")[0] and shown.suffix in (".jpeg", ".png")
        difference = np.abs(np.subtract(load_photo(shown), photo, dtype=int))
        assert difference.mean() <= loss
    (tmp_path / "empty.heic").write_bytes(b"")
    with pytest.raises(UserError, match="is empty"):
        shown_file(str(tmp_path / "empty.heic"))
