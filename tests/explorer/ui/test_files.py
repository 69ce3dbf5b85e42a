from pathlib import Path

from gradio.utils import get_upload_folder

from explorer.ui.files import offered_file


def test_a_file_on_offer_lies_in_the_cache_that_gradio_cleans_and_only_once(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    first, again = (offered_file("figures.csv", b"a,b\n") for _ in range(2))
    assert first == again
    assert Path(first).name == "figures.csv" and Path(first).read_bytes() == b"a,b\n"
    assert Path(get_upload_folder()) in Path(first).parents
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
