"""Bodies are counted as they arrive; what is too much never reaches the application."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from explorer.serving.bodies import BodyLimit, FileLimit
from tests.asgi import answer_of

UPLOAD = "/gradio_api/upload"


async def count(scope, receive, send):
    """Answers with how many bytes came."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def complain(scope, receive, send):
    """Answers in its own way when the body breaks off, as FastAPI does."""
    try:
        await count(scope, receive, send)
    except Exception:
        await PlainTextResponse("There was an error parsing the body", 400)(scope, receive, send)


@pytest.mark.parametrize("asgi", [count, complain])
@pytest.mark.parametrize(
    ("path", "most"), [("/gradio_api/queue/join", 1), (UPLOAD, 64), ("/gradio_api/mcp/", 24)]
)
def test_a_body_may_have_so_many_bytes_and_none_more(asgi, path, most):
    body = bytes(most * 10**6)
    assert answer_of(BodyLimit(asgi), body, 2**20, path=path) == (200, str(len(body)))
    status, said = answer_of(BodyLimit(asgi), body + b"1", 2**20, path=path)
    assert (status, f"larger than the {most} MB" in said) == (413, True)


def test_a_body_that_is_announced_as_too_large_is_not_even_received():
    headers = [(b"content-length", b"1000001")]
    assert answer_of(BodyLimit(count), b"little", headers=headers)[0] == 413
    assert answer_of(BodyLimit(count), b"little", headers=[(b"content-length", b"-1")])[0] == 413


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
@pytest.mark.parametrize("boundary", [b"xyz", b'"xyz"'])
def test_the_parts_of_an_upload_are_counted_however_they_arrive(chunk, boundary):
    headers = [(b"content-type", b"multipart/form-data; boundary=" + boundary)]
    part = b'--xyz\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n-xyz--xy\r\n'
    for parts, status in ((16, 200), (17, 413)):
        body = part * parts + b"--xyz--\r\n"
        assert answer_of(FileLimit(count), body, chunk, path=UPLOAD, headers=headers)[0] == status
