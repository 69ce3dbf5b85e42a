"""The page's scripts and style sheets, which lie in static/."""

from pathlib import Path

STATIC = Path(__file__).with_name("static")


def script(name: str) -> str:
    """Return the text of static/`name`.js."""
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")
