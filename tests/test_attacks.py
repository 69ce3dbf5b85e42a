"""What a stranger may send: no file of the server is read, no address fetched, nobody has to wait."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from explorer.ui.page import TABS
from tests.serving import ROOT

CAT = ROOT / "assets" / "examples" / "cat.jpg"
PATIENCE_SECONDS = 90  # of a busy machine
HTTP = httpx.Client(timeout=PATIENCE_SECONDS)
SEARCHING = 'explorer_running{desk="searches"}'
UNHEARD = 'explorer_errands_total{desk="none",name="reconstruct",outcome="unheard"}'
UPLOADED = {"_type": "gradio.FileData"}  # what a client says of a file that it has uploaded
REFUSED = "This file was not uploaded, so it is not read."
LINEAR = ["vgg16", "block1", "linear", "mse", "imagenet"]
ATTACKS = [
    str(CAT),
    {"path": str(CAT)},
    {"path": str(CAT), "meta": UPLOADED},
    {"path": "/etc/hostname", "meta": UPLOADED},
    {"path": f"{ROOT}/assets/../assets/examples/cat.jpg", "meta": UPLOADED},
    {"path": str(CAT), "url": f"file://{CAT}", "meta": UPLOADED},
    {"path": "https://example.org/cat.jpg", "meta": UPLOADED},
    {"path": "http://127.0.0.1:1/cat.jpg", "meta": UPLOADED},
    None,
]


@pytest.fixture(scope="module")
def server(app) -> tuple[str, Path]:
    """A running app's address, and its log."""
    return f"{app.address}gradio_api", app.log


def uploaded(address: str) -> dict[str, Any]:
    with CAT.open("rb") as file:
        [path] = HTTP.post(f"{address}/upload", files={"files": file}).json()
    return {"path": path, "meta": UPLOADED}


def metric(address: str, name: str) -> float:
    """Return one of the server's metrics, 0 if it is not there (yet)."""
    lines = HTTP.get(f"{address.removesuffix('gradio_api')}metrics").text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)


def wait_for(address: str, name: str, value: float) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while metric(address, name) != value:
        assert time.monotonic() < until, f"{name} is {metric(address, name)}, not {value}"
        time.sleep(0.1)


def join(address: str, name: str, data: list[Any]) -> str:
    """Ask for something, without listening for it; return the event's id."""
    return HTTP.post(f"{address}/call/{name}", json={"data": data}).json()["event_id"]


def listen_for_a_moment(method: str, address: str, **asked: Any) -> None:
    """Listen until the server has begun with it, then leave."""
    base = address[: address.index("gradio_api") + len("gradio_api")]
    with HTTP.stream(method, address, **asked):
        wait_for(base, SEARCHING, 1)


def call(address: str, name: str, data: list[Any]) -> str:
    """Return what the API sends for a call, as it is: gradio_client would upload the file that is named."""
    asked = HTTP.post(f"{address}/call/{name}", json={"data": data}).json()["event_id"]
    return HTTP.get(f"{address}/call/{name}/{asked}").text


@pytest.mark.parametrize("photo", ATTACKS)
def test_the_api_reads_no_file_of_the_server(server, photo):
    address, log = server
    lines = len(log.read_text())
    answer = call(address, "reconstruct", [photo, *LINEAR])
    assert "event: error" in answer
    assert any(said in answer for said in ("No photo was given", REFUSED, "Addresses are not fetched"))
    logged = log.read_text()[lines:]
    assert "trace" not in logged.lower() and CAT.name not in logged


def test_the_api_reads_no_mask_of_the_server(server):
    address, _ = server
    photo = uploaded(address)
    asked = [photo, "mask", None, "vgg16", "block1", "linear", "mse", "imagenet"]
    for mask in (str(CAT), {"path": str(CAT)}, {"path": str(CAT), "meta": UPLOADED}):
        assert "event: error" in call(address, "surgery", [*asked, mask, None])
    assert "event: complete" in call(address, "surgery", [*asked, photo, None])  # one of their own


@pytest.mark.parametrize("photo", ATTACKS[:-1])
def test_the_page_reads_no_file_of_the_server(server, photo):
    address, _ = server
    config = HTTP.get(f"{address.removesuffix('/gradio_api')}/config").json()
    names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    layer = next(number for number, elem_id in names.items() if elem_id == "layer")
    event = next(x for x in config["dependencies"] if [layer, "input"] in x["targets"])
    of = {"architecture": "vgg16", "layer": "block1", "decoder": "linear", "loss": "mse"}

    def send(photo: Any) -> httpx.Response:
        values = of | {"photo": photo}
        data = [values.get(names[number]) for number in event["inputs"]]
        data[0] = [next(iter(TABS)), 1.0]
        asked = {"data": data, "fn_index": event["id"], "session_hash": "a stranger's"}
        return HTTP.post(f"{address}/run/predict", json=asked)

    answer = send(photo)
    assert any(said in answer.text for said in (REFUSED, "Addresses are not fetched", "of the wrong type"))
    assert send(None).status_code == 200


def test_what_nobody_listens_for_is_not_computed_and_holds_nobody_up(server):
    address, _ = server
    photo, before = uploaded(address), metric(address, UNHEARD)
    for _ in range(80):
        join(address, "reconstruct", [photo, *LINEAR])
    assert "event: complete" in call(address, "reconstruct", [photo, *LINEAR])
    wait_for(address, UNHEARD, before + 80)


def test_a_search_ends_when_its_client_leaves_whichever_way_it_was_asked_for(server):
    address, _ = server
    searched = [uploaded(address), "alexnet", "conv1", "optimisation", "mse", "imagenet"]
    event = join(address, "reconstruct", searched)
    listen_for_a_moment("GET", f"{address}/call/reconstruct/{event}")
    wait_for(address, SEARCHING, 0)
    photo = f"data:image/jpeg;base64,{base64.b64encode(CAT.read_bytes()).decode()}"
    given = {"photo": photo, "architecture": "alexnet", "layer": "conv1", "decoder": "optimisation"}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    message["params"] = {"name": "reconstruct", "arguments": given}
    accept = {"Accept": "application/json, text/event-stream"}
    listen_for_a_moment("POST", f"{address}/mcp/", json=message, headers=accept)
    wait_for(address, SEARCHING, 0)


def test_searches_have_a_queue_of_their_own_and_a_full_one_says_so(server):
    address, _ = server
    searched = [uploaded(address), "alexnet", "conv1", "optimisation", "mse", "imagenet"]
    streams = [f"{address}/call/reconstruct/{join(address, 'reconstruct', searched)}" for _ in range(2)]
    with HTTP.stream("GET", streams[0]), HTTP.stream("GET", streams[1]):
        wait_for(address, SEARCHING, 1)
        wait_for(address, 'explorer_waiting{desk="searches"}', 1)
        assert "too much to do" in call(address, "reconstruct", searched)
        assert "event: complete" in call(address, "reconstruct", [searched[0], *LINEAR])
    wait_for(address, SEARCHING, 0)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused_before_it_is_parsed(server, announced):
    address, _ = server
    body = b'{"data": [' + b"[" * 3_000_000
    chunks = (body[start : start + 65536] for start in range(0, len(body), 65536))
    answer = HTTP.post(
        f"{address}/queue/join",
        content=body if announced else chunks,
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, "larger than the 1 MB" in answer.text) == (413, True)


def test_an_upload_of_too_many_files_is_refused(server):
    address, _ = server
    for count, status in ((16, 200), (17, 413)):
        files = [("files", (f"{number}.txt", b"--not-a-boundary")) for number in range(count)]
        assert HTTP.post(f"{address}/upload", files=files).status_code == status


def test_nothing_goes_past_the_desks(server):
    address, _ = server
    asked = {"data": [uploaded(address), *LINEAR]}
    assert HTTP.post(f"{address}/run/reconstruct", json=asked).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("call/nonsense", {"data": []}),
        ("call/v2/nonsense", {"a": 1}),
        ("call/v2/reconstruct", {"nonsense": 1}),
        ("queue/join", {"data": [], "fn_index": 99999, "session_hash": "a"}),
        ("run/predict", {"data": [], "fn_index": -1}),
    ],
)
def test_what_gradio_was_not_made_for_gets_a_sentence(server, path, body):
    address, _ = server
    answer = HTTP.post(f"{address}/{path}", json=body)
    assert (answer.status_code, "not one that the server understands" in answer.text) == (400, True)


def test_opening_the_page_does_not_wait_in_the_queue(server):
    address, _ = server
    events = HTTP.get(f"{address.removesuffix('/gradio_api')}/config").json()["dependencies"]
    at_load = [event["queue"] for event in events if any(name == "load" for _, name in event["targets"])]
    assert at_load and not any(at_load)


def test_another_number_of_values_gets_a_sentence(server):
    address, _ = server
    assert "2 values were given, and 6 are taken" in call(address, "reconstruct", [None, "vgg16"])


def test_browsers_are_told_to_take_nothing_from_elsewhere_and_to_be_framed_by_hugging_face_only(server):
    address, _ = server
    for path in ("/", "/gradio_api/file=nothing", "/healthz"):
        headers = HTTP.get(f"{address.removesuffix('/gradio_api')}{path}").headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'self' https://huggingface.co" in headers["Content-Security-Policy"]
        assert len(headers["X-Request-Id"]) == 32


def test_the_log_is_json_lines_without_names_and_addresses(server):
    _, log = server
    lines = [line for line in log.read_text().splitlines() if line]
    [opened] = [line for line in lines if line.startswith("Open http://127.0.0.1:")]
    lines.remove(opened)
    asked = [row for row in map(json.loads, lines) if row["message"] == "request"]
    assert {"time", "level", "logger", "request", "endpoint", "method", "status", "seconds"} <= set(asked[0])
    assert all(name not in line for line in lines for name in (CAT.name, "127.0.0.1"))
