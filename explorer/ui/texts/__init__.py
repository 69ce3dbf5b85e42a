"""The page's sentences and HTML: one template a tab, whose macros are called like functions."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule

from explorer.ui.texts.filters import FILTERS

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= FILTERS


@cache
def texts(name: str) -> TemplateModule:
    """Return the macros and sentences of texts/`name`.html."""
    return _environment.get_template(f"{name}.html").module
