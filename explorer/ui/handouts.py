"""What a teacher takes from the lesson: the worksheet and the plan with its key, pages of their own to print.

They need nothing else; their links and QR codes lead to the server under the address that they were asked at.
"""

import base64
import io
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate
from urllib.parse import urlsplit

import segno
from gradio.route_utils import get_root_url
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from explorer.photos.photo import read_photo
from explorer.ui.controls import examples
from explorer.ui.static_files import STATIC
from explorer.ui.texts import texts
from explorer.ui.texts.lesson import STEPS, Step

OPENING, CLOSING = 3, 4  # minutes around the steps
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Place:
    """A step on paper: the link that opens it, the link's QR code and its photo, and the minutes it lasts."""

    number: int
    step: Step
    link: str
    qr: Markup
    photo: str
    begins: int
    ends: int


def routes() -> list[Route]:
    """Return the routes of /worksheet and /teaching."""

    def answer(handout: str, request: Request) -> Response:
        root = request.app.root_path or request.scope.get("root_path")
        address = get_root_url(request, route_path=f"/{handout}", root_path=root)
        return HTMLResponse(PAGES[handout](f"{address}/"))

    return [Route(f"/{handout}", partial(answer, handout)) for handout in PAGES]


def worksheet(address: str) -> str:
    """Return the worksheet as an HTML document; `address` is that of the app, with a slash at its end."""
    return texts("worksheet").page(places(address), address, on_this_machine(address), style())


def plan(address: str) -> str:
    """Return the plan and the answer key as an HTML document; `address` is that of the app, with a slash."""
    return texts("teaching").page(places(address), CLOSING, address, on_this_machine(address), style())


def places(address: str) -> list[Place]:
    """Return the steps with their links below an address."""
    ends = list(accumulate((step.minutes for step in STEPS), initial=OPENING))
    found = []
    for number, step in enumerate(STEPS, start=1):
        link = f"{address}?tab=learn&step={number}"
        found.append(Place(number, step, link, qr(link), photo(step.example), *ends[number - 1 : number + 1]))
    return found


def on_this_machine(address: str) -> bool:
    """Whether an address leads nowhere from another device."""
    return urlsplit(address).hostname in THIS_MACHINE


def style() -> Markup:
    return Markup((STATIC / "handouts.css").read_text(encoding="utf-8"))


def qr(link: str) -> Markup:
    """Return the QR code of a link as an SVG element without a size of its own or a margin."""
    return Markup(segno.make_qr(link, error="m").svg_inline(border=0, omitsize=True))


@cache
def photo(example: str) -> str:
    """Return an example photo, cropped as the networks see it, as the address of its own data."""
    data = io.BytesIO()
    read_photo(examples()[example]).crop.save(data, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"


PAGES = {"worksheet": worksheet, "teaching": plan}
