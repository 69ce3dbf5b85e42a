"""The proxy that deploy/nginx.conf makes, in front of two servers that tell their names."""

import http.client
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from tests.proxy import PORT, cannot_run, nginx
from tests.serving import ROOT

BROWSERS = 24
MB = 2**20
pytestmark = pytest.mark.skipif(bool(cannot_run()), reason=cannot_run())


class Named(BaseHTTPRequestHandler):
    """Answers with its server's name, the bytes that came and the headers of the proxy."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        came = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = json.dumps([self.server.server_port, came, dict(self.headers)]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_) -> None:
        pass


def server() -> ThreadingHTTPServer:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Named)
    Thread(target=found.serve_forever, daemon=True).start()
    return found


@pytest.fixture
def replicas() -> Iterator[list[ThreadingHTTPServer]]:
    found = [server(), server()]
    with nginx([replica.server_port for replica in found]):
        yield found
    for replica in found:
        replica.shutdown()
        replica.server_close()


def ask(path: str, cookie: str = "", body: bytes | None = None) -> tuple[int, list, str]:
    """Return the status, what the replica said, and the cookie to send from now on."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    connection.request(
        "POST" if body is not None else "GET", path, body, {"Cookie": cookie} if cookie else {}
    )
    answer = connection.getresponse()
    said, new = answer.read(), answer.getheader("Set-Cookie", cookie).partition(";")[0]
    connection.close()
    return answer.status, json.loads(said) if answer.status == 200 else [], new


def test_a_browser_stays_with_one_replica_and_the_browsers_are_shared_out(replicas):
    stayed = []
    for _ in range(BROWSERS):
        _, (first, *_), cookie = ask("/?architecture=vgg16")
        paths = ("/", "/gradio_api/info", "/gradio_api/queue/join?x=1")
        assert {ask(path, cookie)[1][0] for path in paths} == {first}
        assert ask("/", cookie)[2] == cookie
        stayed.append(first)
    assert set(stayed) == {replica.server_port for replica in replicas}


def test_a_script_without_cookies_stays_with_one_replica(replicas):
    answers = [ask("/gradio_api/call/reconstruct") for _ in range(10)]
    assert len({said[0] for _, said, _ in answers}) == 1 and not any(cookie for *_, cookie in answers)


def test_when_a_replica_is_gone_its_visitors_go_to_the_other(replicas):
    visitors = [ask("/")[1:] for _ in range(BROWSERS)]
    gone, left = replicas
    gone.shutdown()
    gone.server_close()
    for _, cookie in visitors:
        assert ask("/gradio_api/queue/join", cookie, b"{}")[1][0] == left.server_port


@pytest.mark.parametrize(
    ("path", "most"),
    [("/gradio_api/queue/join", 1), ("/config", 1), ("/gradio_api/mcp/", 24), ("/gradio_api/upload", 64)],
)
def test_only_uploads_may_be_large(replicas, path, most):
    status, said, _ = ask(path, body=bytes(most * MB))
    assert (status, said[1]) == (200, most * MB)
    assert ask(path, body=bytes(most * MB + 1))[0] == 413


def test_an_address_may_not_ask_without_end_and_still_opens_pages(replicas):
    statuses = [ask("/gradio_api/upload", body=b"a photo")[0] for _ in range(250)]
    assert statuses[:60] == [200] * 60 and 429 in statuses
    assert ask("/")[0] == 200


def test_metrics_are_not_for_the_public_and_a_request_has_an_id_and_an_address(replicas):
    assert ask("/metrics")[0] == 404
    headers = ask("/readyz")[1][2]
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-Id"]) and headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["Host"] == headers["X-Forwarded-Host"] == f"127.0.0.1:{PORT}"


def test_compose_gives_the_replicas_the_addresses_that_nginx_knows():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    addresses = {services[name]["networks"]["inside"]["ipv4_address"] for name in ("first", "second")}
    known = re.findall(r"server ([\d.]+):7860", (ROOT / "deploy" / "replicas.conf").read_text())
    assert set(known) == addresses
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in services.values())
    assert all("size=" in service["tmpfs"][0] for service in services.values())
