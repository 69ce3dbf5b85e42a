from pathlib import Path

import gradio as gr
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from explorer.ui.files import offered_picture
from explorer.ui.pictures import gallery, pair, picture


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """A picture on offer, and a folder of its own for it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return offered_picture(Image.new("RGB", (224, 224), "teal"))


@pytest.mark.parametrize(
    ("component", "value"),
    [
        (picture("a", "text"), lambda path: path),
        (gallery("b", columns=2), lambda path: [(path, "one"), (path, "two")]),
        (pair("c"), lambda path: (path, path)),
        (gr.ImageEditor(), lambda path: {"background": path, "layers": [], "composite": path}),
    ],
)
def test_a_picture_file_is_passed_on_as_it_is(component, value, shown):
    """To encode it again would cut it short under the visitors who are being sent it."""
    before = Path(shown).read_bytes(), Path(shown).stat().st_mtime_ns
    sent = component.postprocess(value(shown)).model_dump_json()
    assert sent.count(shown) == str(value(shown)).count(shown)
    assert (Path(shown).read_bytes(), Path(shown).stat().st_mtime_ns) == before
    assert [path for path in Path(get_upload_folder()).rglob("*") if path.is_file()] == [Path(shown)]
