"""Ways into Gradio that the page does not need, and that are closed: among them files by their address."""

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# With file= and an address, Gradio fetches any public page for anybody.
CLOSED = re.compile(
    r"/gradio_api/(file[=/]\s*https?:|proxy=|component_server|process_recording|deep_link|custom_component)"
    r"|/monitoring",
    re.IGNORECASE,
)


class ClosedDoors:
    """Answers 404 where CLOSED matches the path."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and CLOSED.match(scope["path"]):
            await PlainTextResponse("Not found", 404)(scope, receive, send)
            return
        await self.app(scope, receive, send)
