"""What a stranger may send instead of a photo of their own: files of the server are not read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from explorer.ui.page import TABS
from tests.serving import ROOT, serve

CAT = ROOT / "assets" / "examples" / "cat.jpg"
UPLOADED = {"_type": "gradio.FileData"}  # what a client says of a file that it has uploaded
REFUSED = "it was not uploaded by a user"
ATTACKS = [
    str(CAT),
    {"path": str(CAT)},
    {"path": str(CAT), "meta": UPLOADED},
    {"path": "/etc/hostname", "meta": UPLOADED},
    {"path": f"{ROOT}/assets/../assets/examples/cat.jpg", "meta": UPLOADED},
    {"path": str(CAT), "url": f"file://{CAT}", "meta": UPLOADED},
    None,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """A running app's address, and its log."""
    log = tmp_path_factory.mktemp("attacked") / "app.log"
    with serve(log) as running:
        yield f"{running.address}gradio_api", log


def call(address: str, name: str, data: list[Any]) -> str:
    """Return what the API sends for a call, as it is: gradio_client would upload the file that is named."""
    asked = httpx.post(f"{address}/call/{name}", json={"data": data}).json()["event_id"]
    return httpx.get(f"{address}/call/{name}/{asked}", timeout=60).text


@pytest.mark.parametrize("photo", ATTACKS)
def test_the_api_reads_no_file_of_the_server(server, photo):
    address, log = server
    before = log.read_text().count(REFUSED)
    answer = call(address, "reconstruct", [photo, "vgg16", "block1", "linear", "mse", "imagenet"])
    assert answer.startswith("event: error")
    by_gradio = log.read_text().count(REFUSED) > before
    assert by_gradio == (isinstance(photo, dict) and "meta" in photo)
    assert by_gradio or "No photo was given" in answer


def test_the_api_reads_no_mask_of_the_server(server):
    address, _ = server
    with CAT.open("rb") as file:
        [path] = httpx.post(f"{address}/upload", files={"files": file}).json()
    photo = {"path": path, "meta": UPLOADED}
    asked = [photo, "mask", None, "vgg16", "block1", "linear", "mse", "imagenet"]
    for mask in (str(CAT), {"path": str(CAT)}, {"path": str(CAT), "meta": UPLOADED}):
        assert call(address, "surgery", [*asked, mask, None]).startswith("event: error")
    assert call(address, "surgery", [*asked, photo, None]).startswith("event: complete")  # one of their own


@pytest.mark.parametrize("photo", ATTACKS[:-1])
def test_the_page_reads_no_file_of_the_server(server, photo):
    address, _ = server
    config = httpx.get(f"{address.removesuffix('/gradio_api')}/config").json()
    names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    layer = next(number for number, elem_id in names.items() if elem_id == "layer")
    event = next(x for x in config["dependencies"] if [layer, "input"] in x["targets"])
    of = {"architecture": "vgg16", "layer": "block1", "decoder": "linear", "loss": "mse"}

    def send(photo: Any) -> httpx.Response:
        values = of | {"photo": photo}
        data = [values.get(names[number]) for number in event["inputs"]]
        data[0] = [next(iter(TABS)), 1.0]
        asked = {"data": data, "fn_index": event["id"], "session_hash": "a stranger's"}
        return httpx.post(f"{address}/run/predict", json=asked)

    answer = send(photo)
    assert answer.status_code == 500 or "This file was not uploaded" in answer.text
    assert send(None).status_code == 200
