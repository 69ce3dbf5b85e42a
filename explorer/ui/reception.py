"""The reception: brings what the page, the API and assistants ask for to a desk, if somebody listens."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import gradio as gr
from gradio.context import LocalContext
from gradio.exceptions import InvalidPathError
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse
from pydantic import ValidationError

from explorer.errors import UserError
from explorer.limits import limit
from explorer.serving.desks import Desk, Desks
from explorer.serving.listeners import Listeners
from explorer.serving.logs import request_id
from explorer.serving.metrics import Metrics
from explorer.ui.events import sentence
from explorer.ui.texts import texts
from explorer.wanted import NotWanted

T = TypeVar("T")


class Reception:
    """The desks, and who listens for what is done there."""

    def __init__(self):
        self.metrics = Metrics()
        self.desks = Desks(self.metrics)
        self.listeners = Listeners(limit("listen_seconds"))
        self._by_concurrency_id = {
            "answers": self.desks.answers,
            "fits": self.desks.fits,
            "recover": self.desks.searches,
        }

    async def listening(self, key: str, name: str) -> Callable[[], bool]:
        """Return the function that tells if somebody listens for `key`. Raises NotWanted if nobody does."""
        if not await self.listeners.heard(key):
            self.metrics.done("none", name, "unheard")
            raise NotWanted(
                "Nobody listened for this, so it was not computed: ask again, and listen at once."
            )
        return lambda: self.listeners.hears(key)

    def seat(self, page: gr.Blocks) -> None:
        """Let the queued events of a page be done at the desk that their concurrency_id names.

        Raises KeyError for one that names none: it would go past the desks.
        """
        for event in page.fns.values():
            if event.queue:
                desk = self._by_concurrency_id[event.concurrency_id]
                event.fn = self._at(desk, event.fn)
                event.concurrency_limit = None

    def _at(self, desk: Desk, function: Callable[..., Any]) -> Callable[..., Any]:
        name = f"page_{desk.kind}"

        async def run(*arguments: Any) -> Any:
            listening = await self.listening(asked_by(), name)
            return await desk.run(name, functools.partial(function, *arguments), listening)

        async def stream(*arguments: Any) -> AsyncIterator[Any]:
            listening = await self.listening(asked_by(), name)
            async for found in desk.stream(name, functools.partial(function, *arguments), listening):
                yield found

        return functools.wraps(function)(stream if inspect.isgeneratorfunction(function) else run)


def asked_by() -> str:
    """Return the key of who listens for the event that Gradio is running; the log is told its request."""
    request = LocalContext.request.get()
    request_id.set(request.request.scope.get("state", {}).get("request_id", ""))
    return request.session_hash


class Page(gr.Blocks):
    """Gradio's Blocks, whose events fail with a sentence: nothing that a stranger sends makes a traceback."""

    async def process_api(self, block_fn: Any, inputs: list[Any], *arguments: Any, **options: Any) -> Any:
        """Run an event. Raises gr.Error with what the visitor is told."""
        event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        try:
            return await super().process_api(event, inputs, *arguments, **options)
        except gr.Error as error:
            raise gr.Error(error.message, print_exception=False) from error
        except InvalidPathError as error:
            raise gr.Error(texts("common").not_uploaded, print_exception=False) from error
        except ValidationError as error:
            raise gr.Error(texts("common").wrong_type, print_exception=False) from error
        except Exception as error:
            said = sentence(error, f"the event {event.api_name or event._id}")
            raise gr.Error(said, print_exception=False) from error
        finally:
            if event.api_visibility == "public":  # a session of which nothing is wanted
                self.state_holder.session_data.pop(options.get("session_hash"), None)

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], *arguments: Any, **options: Any
    ) -> list[Any]:
        """Refuse files by their address, which Gradio would fetch; then do as Gradio does."""
        traverse(inputs, _refuse_address, is_file_obj_with_meta)
        return await super().preprocess_data(block_fn, inputs, *arguments, **options)

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Raise UserError for another number of values than an event takes."""
        if len(inputs) != len(block_fn.inputs):
            raise UserError(f"{len(inputs)} values were given, and {len(block_fn.inputs)} are taken.")


def _refuse_address(file: dict[str, Any]) -> dict[str, Any]:
    if is_http_url_like(str(file.get("path"))):
        raise UserError(texts("common").no_address)
    return file
