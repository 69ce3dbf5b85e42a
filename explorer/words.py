"""What is said in pictures and of figures, outside the tabs' own texts; words.toml holds it."""

import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace

FILE = Path(__file__).with_name("words.toml")


@cache
def words(section: str) -> SimpleNamespace:
    """Return the texts of a section of words.toml as attributes."""
    return SimpleNamespace(**tomllib.loads(FILE.read_text(encoding="utf-8"))[section])
