"""The endpoints as tools for assistants (MCP): a photo comes as a data URL, pictures go as image content."""

import base64
import binascii
import inspect
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, get_type_hints

from gradio.utils import get_function_description
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from PIL import Image
from pydantic import TypeAdapter
from starlette.types import Receive, Scope, Send

from explorer import Explorer, UserError
from explorer.errors import shortened, unknown
from explorer.limits import limit
from explorer.pictures.exports import png
from explorer.ui.calls import answer, checked, exchanged_hint
from explorer.ui.endpoints import Endpoint, Sent, endpoints
from explorer.ui.events import sentence
from explorer.ui.reception import Reception
from explorer.ui.texts import texts

text = texts("assistants")
log = logging.getLogger(__name__)


class Tools:
    """An ASGI application that serves the endpoints as tools, while its `lifespan` lasts."""

    def __init__(self, explorer: Explorer, reception: Reception):
        self._explorer = explorer
        self._reception = reception
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints(explorer)}
        server: Server = Server("feature-inversion-explorer", instructions=text.instructions)
        server.list_tools()(self._list)
        server.call_tool(validate_input=False)(self._call)
        self._server = server
        self._manager = StreamableHTTPSessionManager(
            server, stateless=True, max_request_body_size=limit("message_mb") * 10**6
        )

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)

    async def _list(self) -> list[types.Tool]:
        return [tool(endpoint) for endpoint in self._endpoints.values()]

    async def _call(self, name: str, given: dict[str, Any]) -> types.CallToolResult:
        try:
            if name not in self._endpoints:
                raise unknown("tool", name, list(self._endpoints))
            arguments = checked(self._endpoints[name], given, photo_bytes)
            key = self._server.request_context.request.scope["state"]["request_id"]
            found = await answer(self._reception, self._explorer, self._endpoints[name], arguments, key)
        except Exception as error:
            said = [types.TextContent(type="text", text=sentence(error, f"the tool {shortened(name)}"))]
            return types.CallToolResult(content=said, isError=True)
        return types.CallToolResult(content=contents(found))


def tool(endpoint: Endpoint) -> types.Tool:
    """Return the description of an endpoint as a tool."""
    about, parameters, _ = get_function_description(endpoint.function)
    hints = get_type_hints(endpoint.function)
    schema: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for name, parameter in inspect.signature(endpoint.function).parameters.items():
        row = TypeAdapter(exchanged_hint(hints[name], {Sent: str})).json_schema()
        row["description"] = parameters.get(name, "")
        if hints[name] in (Sent, Sent | None):
            row["description"] += f" ({text.as_data_url})"
        if parameter.default is inspect.Parameter.empty:
            schema["required"].append(name)
        elif parameter.default is not None:
            row["default"] = parameter.default
        schema["properties"][name] = row
    return types.Tool(name=endpoint.name, description=about, inputSchema=schema)


def photo_bytes(sent: Any) -> bytes:
    """Return the file in a data URL. Raises UserError for anything else, saying how to hand over a photo."""
    start, comma, data = sent.partition(",") if isinstance(sent, str) else ("", "", "")
    if not start.startswith("data:") or not start.endswith(";base64") or not comma:
        address = isinstance(sent, str) and sent.startswith(("http://", "https://"))
        raise UserError(text.no_address if address else text.no_photo)
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError(text.no_base64) from error


def contents(found: Any) -> list[types.TextContent | types.ImageContent]:
    """Return what an endpoint returned as an assistant reads it: pictures as images, figures as JSON."""
    if isinstance(found, Image.Image):
        data = base64.b64encode(png(found)).decode()
        return [types.ImageContent(type="image", data=data, mimeType="image/png")]
    if isinstance(found, list | tuple):
        return [content for part in found for content in contents(part)]
    return [types.TextContent(type="text", text=json.dumps(found))]
