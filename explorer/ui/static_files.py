"""The page's scripts and style sheets, which lie in static/."""

from pathlib import Path

STATIC = Path(__file__).with_name("static")
# in the order of the cascade: what all share, a file a tab, and last what other screens change
STYLE_SHEETS = (
    *("colours", "base", "controls", "pieces", "explore", "dial", "cards", "depth", "compare", "surgery"),
    *("ensemble", "recover", "mirror", "results", "learn", "proofs", "learn_screens", "screens"),
)


def script(name: str) -> str:
    """Return the text of static/`name`.js."""
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


def style_sheets() -> list[Path]:
    """Return the page's style sheets in their order."""
    return [STATIC / "css" / f"{name}.css" for name in STYLE_SHEETS]
