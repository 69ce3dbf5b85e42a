"""The fields of a stranger's file: each is of the type and in the range that is asked for, or refused."""

import json
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from explorer.errors import UserError, expect

T = TypeVar("T")
MAX_TEXT = 300  # characters
log = logging.getLogger(__name__)


def read_file(path: Path, read: Callable[[Any], T], nothing: T, kind: str) -> T:
    """Return what `read` makes of a file's data, and `nothing` where there is no such file.

    The log says why a file that is no `kind` cannot be used; nothing is raised.
    """
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        log.warning("%s is left out: it is no %s (%s)", path.name, kind, error)
    return nothing


def usable(read: Callable[[Any], T], rows: Iterable[Any], file: str) -> Iterable[T]:
    """Yield what `read` makes of the rows of a file; the log says which cannot be used, and why."""
    for row in rows:
        try:
            yield read(row)
        except (UserError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("row of %s left out: %s: %s", file, type(error).__name__, error)


def plain_fields(raw: Mapping[str, Any]) -> dict[str, str | int]:
    """Return the texts and whole numbers of an object, without whatever else is in it.

    Raises AttributeError unless it is one.
    """

    def plain(value: Any) -> bool:
        try:
            return (as_text if isinstance(value, str) else as_whole)(value) == value
        except (TypeError, ValueError):
            return False

    return {key: value for key, value in raw.items() if plain(value)}


def unless_none(read: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else read(value)


def as_text(value: Any) -> str:
    return within(_of(str, value), len(value) <= MAX_TEXT)


def as_whole(value: Any) -> int:
    return within(_of(int, value), 0 <= value < 2**63)


def as_number(value: Any) -> float:
    """Return a figure, which may be infinite, as the PSNR of equal pictures is."""
    return within(_of(int | float, value), abs(value) < 2**63 or abs(value) == math.inf)


def as_cost(value: Any) -> float:
    return within(as_number(value), 0 <= value < math.inf)


def as_share(value: Any) -> float:
    return within(as_number(value), 0 <= value <= 1)


def _of(kind: Any, value: Any) -> Any:
    expect(kind, value)
    return value


def within(value: Any, fits: bool) -> Any:
    if not fits:
        raise ValueError(f"{value!r:.40} is out of range")
    return value
