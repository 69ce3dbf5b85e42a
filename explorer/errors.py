"""The one exception for a user's mistake, shown as it is, and the check of the types of what a file holds."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

CLOSE = 0.6  # the similarity from which a name is suggested; difflib's own cutoff
SHOWN = 60  # the most characters of a wrong name that a message repeats


class UserError(ValueError):
    """A mistake of the user's: the message says what was wrong, what is allowed and what to do."""


def unknown(kind: str, given: str, allowed: Sequence[str]) -> UserError:
    """Return the error for a name that is not among `allowed`, with the closest name first if one stands out.

    `unknown("layer", "blok2", ["block1", "block2"])` reads
    "unknown layer 'blok2' (did you mean block2?): choose one of block1, block2".
    """
    given = str(given)
    shown = given if len(given) <= SHOWN else given[:SHOWN] + "..."
    closest = _closest(given[:SHOWN], allowed)
    hint = f" (did you mean {closest}?)" if closest else ""
    choice = f"choose one of {', '.join(allowed)}" if allowed else "there is none to choose from"
    return UserError(f"unknown {kind} {shown!r}{hint}: {choice}")


def _closest(given: str, allowed: Sequence[str]) -> str | None:
    """Return the one name most like `given`, or None when none is close or several are equally so."""
    likeness = {name: SequenceMatcher(None, given.lower(), name.lower()).ratio() for name in allowed}
    best = max(likeness.values(), default=0.0)
    names = [name for name, value in likeness.items() if value == best]
    return names[0] if best >= CLOSE and len(names) == 1 else None


def expect(kind: Any, *values: Any) -> None:
    """Raise TypeError for the first value that is of another type, or of none of several, `int | float`."""
    for value in values:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r:.40} is of the wrong type")
