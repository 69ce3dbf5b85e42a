from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from explorer.ui.files import offered_file
from explorer.ui.pictures import gallery, pair, picture


def test_a_file_on_offer_lies_in_the_cache_that_gradio_cleans_and_only_once(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    first, again = (offered_file("figures.csv", b"a,b\n") for _ in range(2))
    assert first == again
    assert Path(first).name == "figures.csv" and Path(first).read_bytes() == b"a,b\n"
    assert Path(get_upload_folder()) in Path(first).parents
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_picture_that_is_there_already_is_not_written_again(tmp_path, monkeypatch):
    """Else a visitor who is being sent it would get the half of it that is written."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    photo = Image.new("RGB", (224, 224), "teal")
    for shown in (picture("a", "text"), gallery("b", columns=2), pair("c")):
        value = photo if isinstance(shown, gr.Image) else [photo, photo]
        first = shown.postprocess(value).model_dump_json()
        [written] = tmp_path.rglob("*.png")
        written.write_bytes(b"on its way")
        assert shown.postprocess(value).model_dump_json() == first
        assert written.read_bytes() == b"on its way"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [written]
