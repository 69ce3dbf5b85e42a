"""Ways into Gradio that nobody needs are closed, and the others are open."""

import pytest
from starlette.responses import PlainTextResponse

from explorer.serving.doors import ClosedDoors
from tests.asgi import answer_of


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/gradio_api/file=https://example.org/cat.jpg", 404),
        ("/gradio_api/file=HTTP://example.org/cat.jpg", 404),
        ("/gradio_api/file/http://example.org/cat.jpg", 404),
        ("/gradio_api/proxy=https://x.hf.space/file", 404),
        ("/gradio_api/component_server/", 404),
        ("/gradio_api/process_recording", 404),
        ("/gradio_api/deep_link", 404),
        ("/monitoring/summary", 404),
        ("/gradio_api/file=/tmp/feature-inversion-explorer/abc/image.png", 200),
        ("/gradio_api/upload", 200),
        ("/", 200),
    ],
)
def test_a_way_in_is_open_only_if_the_page_needs_it(path, status):
    assert answer_of(ClosedDoors(PlainTextResponse("open")), path=path)[0] == status
