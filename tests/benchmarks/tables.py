"""Tables that benchmarks write into the docs, each between its two marks."""

import os
import platform
from collections.abc import Iterable
from pathlib import Path


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores"


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return (what, figure) rows as a Markdown table that opens with the machine."""
    lines = [f"| {machine()} | |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {what} | {figure} |" for what, figure in rows)])


def write_between_marks(path: Path, name: str, text: str) -> None:
    """Put `text` between the marks of `name` in a file. Raises ValueError if it does not have them."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = (content := path.read_text(encoding="utf-8")).partition(begin)
    if begin not in content or end not in rest:
        raise ValueError(f"{path} lacks {begin} or {end}")
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
