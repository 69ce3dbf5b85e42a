"""Where the application fails, the client reads a sentence."""

import errno
import os

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from explorer.errors import disk_is_full
from explorer.serving.faults import DISK_FULL, NOT_UNDERSTOOD, Faults
from tests.asgi import answer_of


def raising(error: Exception, started: bool = False):
    async def fail(scope, receive, send):
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise error

    return Faults(fail)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_disk_is_answered_with_a_sentence(number):
    assert answer_of(raising(OSError(number, os.strerror(number)))) == (507, DISK_FULL)


def test_what_a_route_was_not_made_for_is_answered_with_a_sentence():
    assert answer_of(raising(KeyError(99999))) == (400, NOT_UNDERSTOOD)


def test_what_has_begun_is_ended():
    assert answer_of(raising(RuntimeError(), started=True)) == (200, "begun")


def test_what_goes_well_is_passed_on():
    async def hello(scope, receive, send):
        await PlainTextResponse(Request(scope).url.path)(scope, receive, send)

    assert answer_of(Faults(hello)) == (200, "/")


def test_a_full_disk_is_known_also_behind_another_error():
    try:
        raise RuntimeError from OSError(errno.ENOSPC, "No space left on device")
    except RuntimeError as error:
        assert disk_is_full(error)
    assert not disk_is_full(OSError(errno.EACCES, "Permission denied"))
