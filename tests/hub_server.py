"""A local server that speaks the part of the Hugging Face Hub's protocol that downloads and commits need."""

import base64
import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "hf_may_write"
LARGE = (".safetensors", ".jpg", ".png")  # what the Hub takes ahead of a commit, by LFS
MEGABYTE = 10**6
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Files by path ("owner/name/file"), and what was asked.

    The next GET breaks off after `break_after` bytes; each takes its time, `seconds_a_megabyte`. `created`
    are the repositories that were made, as they were asked for; `large` is what came by LFS.
    """

    address: str
    files: dict[str, bytes]
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    break_after: int | None = None
    seconds_a_megabyte: float = 0.0
    created: list[dict[str, Any]] = field(default_factory=list)
    large: dict[str, bytes] = field(default_factory=dict)


@contextlib.contextmanager
def serve(files: dict[str, bytes]) -> Iterator[Hub]:
    """Serve the files on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = Hub(f"http://127.0.0.1:{server.server_port}", files)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        hub: Hub = self.server.hub
        asked = self.headers.get("Range")
        hub.requests.append((self.command, self.path, asked))
        if self.path.startswith("/api/models/"):
            self.describe("/".join(self.path.split("/")[3:5]))
            return
        repository, _, name = self.path.strip("/").removeprefix("datasets/").partition("/resolve/")
        content = hub.files.get(f"{repository}/{name.partition('/')[2]}")
        if content is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if not with_body:
            return
        if hub.break_after is not None:
            self.wfile.write(content[start : start + hub.break_after])
            hub.break_after = None
            self.close_connection = True
            return
        for place in range(start, len(content), MEGABYTE):
            self.wfile.write(content[place : place + MEGABYTE])
            time.sleep(hub.seconds_a_megabyte)

    def describe(self, repository: str) -> None:
        """Answer with a repository's files, as the Hub's API does."""
        prefix = f"{repository}/"
        names = [path.removeprefix(prefix) for path in self.server.hub.files if path.startswith(prefix)]
        described = {"id": repository, "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
        tree = [
            {"type": "file", "path": name, "oid": COMMIT, "size": len(self.server.hub.files[prefix + name])}
            for name in names
        ]
        self.send_json(tree if "/tree/" in self.path else described, 200 if names else 404)

    def do_PUT(self) -> None:
        content = self.body()
        oid = self.path.rpartition("/")[2]
        self.server.hub.large[oid] = content
        self.send_json({}, 200 if hashlib.sha256(content).hexdigest() == oid else 400)

    def do_POST(self) -> None:
        hub, content = self.server.hub, self.body()
        hub.requests.append((self.command, self.path, None))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.send_json({"error": "Invalid credentials"}, 401)
        elif self.path == "/api/repos/create":
            hub.created.append(asked := json.loads(content))
            self.send_json({"url": f"{hub.address}/{asked['organization']}/{asked['name']}"})
        elif self.path == "/api/validate-yaml":
            self.send_json({})
        elif self.path.endswith("/objects/batch"):
            self.send_json(
                {"transfer": "basic", "objects": list(map(self.upload, json.loads(content)["objects"]))}
            )
        elif "/preupload/" in self.path:
            self.send_json({"files": [mode_of(file["path"]) for file in json.loads(content)["files"]]})
        else:
            _, kind, owner, name, _ = self.path.strip("/").split("/", 4)
            prefix = f"{owner}/{name}/" if kind == "models" else f"{kind}/{owner}/{name}/"
            for line in map(json.loads, content.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    hub.files[prefix + value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    hub.files[prefix + value["path"]] = hub.large[value["oid"]]
            self.send_json({"commitUrl": f"{hub.address}/{prefix}commit/{COMMIT}", "commitOid": COMMIT})

    def upload(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return where a large file is to go, or nothing of that for one that is there."""
        hub, known = self.server.hub, {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] in hub.large:
            return known
        return known | {"actions": {"upload": {"href": f"{hub.address}/large/{asked['oid']}"}}}

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def send_json(self, answer: Any, status: int = 200) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


def mode_of(path: str) -> dict[str, Any]:
    """Return how a file is to be sent."""
    return {"path": path, "uploadMode": "lfs" if path.endswith(LARGE) else "regular", "shouldIgnore": False}
