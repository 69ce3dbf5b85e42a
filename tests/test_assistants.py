"""The app's tools as an assistant sees them, by MCP."""

import base64
import io
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import numpy as np
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image

from tests.coroutines import run

T = TypeVar("T")
LINEAR = {"layer": "block1", "decoder": "linear", "loss": "mse"}
_PNG = io.BytesIO()
Image.new("RGB", (64, 64)).save(_PNG, format="PNG")
DOT = f"data:image/png;base64,{base64.b64encode(_PNG.getvalue()).decode()}"


async def with_tools(address: str, ask: Callable[[ClientSession], Awaitable[T]]) -> T:
    async with (
        streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        return await ask(session)


def test_the_functions_are_offered_as_mcp_tools(app):
    async def ask(session: ClientSession) -> tuple[dict, str]:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        return tools, (await session.call_tool("catalogue", {})).content[0].text

    tools, ready = run(lambda: with_tools(app.address, ask))
    assert set(tools) == {
        *("reconstruct", "ensemble", "depth_sweep", "feature_maps", "compare", "surgery", "recover"),
        "catalogue",
    }
    described = tools["reconstruct"].inputSchema
    assert all(described["properties"][name]["description"] for name in ("photo", "layer", "decoder", "loss"))
    assert described["properties"]["layer"]["default"] == "block1"
    assert described["required"] == ["photo"]
    assert "vgg16" in ready


def test_an_assistant_gives_a_photo_as_a_data_url_and_sees_the_pictures(app, cat, explorer):
    async def ask(session: ClientSession) -> list:
        photo = f"data:image/jpeg;base64,{base64.b64encode(cat.read_bytes()).decode()}"
        return (await session.call_tool("reconstruct", {"photo": photo} | LINEAR)).content

    *pictures, figures = run(lambda: with_tools(app.address, ask))
    assert [picture.mimeType for picture in pictures] == ["image/png"] * 3
    expected = explorer.reconstruct(cat, **LINEAR)
    shown = Image.open(io.BytesIO(base64.b64decode(pictures[1].data))).convert("RGB")
    assert np.abs(np.asarray(shown).astype(int) - np.asarray(expected.reconstruction)).max() <= 1
    assert json.loads(figures.text)["psnr"] == pytest.approx(expected.metrics.psnr, abs=0.01)


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("reconstruct", {"photo": DOT, "layer": "blok1"}, "did you mean block1"),
        ("reconstruct", {"photo": DOT, "layer": 1}, "layer must be a text, such as 'block1'."),
        ("reconstruct", {"photo": "https://example.org/cat.jpg"}, "Addresses are not fetched"),
        ("reconstruct", {"photo": "/etc/hostname"}, "pass the file itself as a data URL"),
        ("reconstruct", {"photo": "data:image/png;base64,?"}, "data URL is broken"),
        ("reconstruct", {"photo": "data:image/png;base64,aGVsbG8="}, "is no image in a supported format"),
        ("reconstruct", {}, "No photo was given"),
        ("ensemble", {"photo": DOT}, "sources must be a list of texts"),
        ("surgery", {"photo": DOT, "operation": "quantise", "strength": 1e300}, "strength"),
        ("feature_maps", {"photo": DOT, "page": 1e300}, "page must be a whole number"),
        ("recount", {}, "unknown tool 'recount'"),
    ],
)
def test_what_an_assistant_gets_wrong_is_told_in_a_sentence(app, tool, arguments, sentence):
    answer = run(lambda: with_tools(app.address, lambda session: session.call_tool(tool, arguments)))
    [said] = answer.content
    assert answer.isError and sentence in said.text and "\n" not in said.text
