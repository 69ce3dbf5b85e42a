"""Filters of the templates: how what is in the tables is called, and how figures are written."""

import re

from markupsafe import Markup, escape

from explorer.configurations import place_title
from explorer.decoders import LOSSES, decoder_spec
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.pictures.colours import gradient

TERM = re.compile(r"\*(.+?)\*")  # in prose such as the lesson's: a term where it is explained


def terms(prose: str) -> list[str]:
    """Return the terms that plain text explains, which are those between asterisks."""
    return TERM.findall(prose)


def with_terms(prose: str) -> Markup:
    """Return plain text as HTML that marks the terms which it explains."""
    return Markup(TERM.sub(r"<dfn>\1</dfn>", str(escape(prose))))


FILTERS = {
    "network": lambda name: encoder_spec(name).title,
    "full_network": lambda name: encoder_spec(name).full_title,
    "decoder": lambda name: decoder_spec(name).title,
    "loss": lambda name: LOSSES[name].title if name in LOSSES else name,
    "weights": lambda name: WEIGHTS.get(name, name),
    "places": place_title,
    "number": format,
    "gradient": gradient,
    "terms": terms,
    "with_terms": with_terms,
}
