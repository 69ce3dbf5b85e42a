"""The log says what happened in one JSON object a line, and not to whom."""

import json
import logging
import subprocess
import sys
import textwrap
from io import StringIO
from pathlib import Path

import pytest

from explorer.serving.logs import MOST_A_MINUTE, JsonLines, Sparing, nameless, request_id
from explorer.serving.requests import endpoint
from tests.serving import ROOT, free_port


@pytest.fixture
def logged():
    """A logger, and what it writes."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    handler.addFilter(Sparing())
    log = logging.Logger("of.a.test")
    log.addHandler(handler)
    return log, written


def test_a_fault_is_told_by_its_type_and_place_in_one_line_with_the_requests_id(logged):
    log, written = logged
    token = request_id.set("1234abcd")
    try:
        Path("/home/anna/My cat.jpg").read_bytes()
    except OSError:
        log.exception("reading %s failed", "/home/anna/cat.jpg")
    finally:
        request_id.reset(token)
    [line] = written.getvalue().splitlines()
    row = json.loads(line)
    assert (row["level"], row["request"]) == ("error", "1234abcd")
    assert row["error"].startswith("FileNotFoundError: ")
    assert any("test_logs.py" in frame for frame in row["trace"])
    assert "anna" not in line and "cat" not in line


NAMES = ["at 192.168.1.7 now", "at [2001:db8::1] now", "see https://a.b/c", "'My name.png'", "/tmp/x/y.png"]


@pytest.mark.parametrize("text", NAMES)
def test_names_of_files_and_addresses_are_left_out(text):
    assert "…" in nameless(text)
    assert not any(part in nameless(text) for part in ("192", "db8", "a.b", "name", "y.png"))


def test_nobody_can_flood_the_log(logged):
    log, written = logged
    for _ in range(1000):
        log.error("again")
    log.error("something else")
    assert len(written.getvalue().splitlines()) == MOST_A_MINUTE + 1


def test_what_a_visitor_writes_into_a_path_is_not_logged():
    assert endpoint("/gradio_api/file=/tmp/abc/anna.png") == "file"
    assert endpoint("/gradio_api/call/reconstruct/0123") == "call"
    assert endpoint("/somewhere/else") == "other"


def test_what_libraries_warn_of_while_they_are_imported_is_logged_in_the_same_way():
    script = """
        import argparse, sys, warnings, app, explorer

        def warn(**_):
            warnings.warn("said early")
            raise SystemExit

        explorer.Explorer = warn
        app.serve(argparse.Namespace(host="127.0.0.1", port=int(sys.argv[1])))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(free_port())]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stderr
    [row] = map(json.loads, said.splitlines())
    assert "said early" in row["message"]
