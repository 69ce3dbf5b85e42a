"""The one exception for a user's mistake, shown as it is, and what is asked of other errors and of types."""

import errno
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

CLOSE = (0.95, 0.8, 0.6)  # likenesses, as difflib has them; a name that stands out at one is suggested
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
SHOWN = 60  # the most characters of a wrong name that a message repeats


class UserError(ValueError):
    """A mistake of the user's: the message says what was wrong, what is allowed and what to do."""


def unknown(kind: str, given: str, allowed: Sequence[str]) -> UserError:
    """Return the error for a name that is not among `allowed`, with the name close to it, if one stands out.

    `unknown("layer", "blok2", ["block1", "block2"])` reads
    "unknown layer 'blok2' (did you mean block2?): choose one of block1, block2".
    """
    given = str(given)
    close = (get_close_matches(given[:SHOWN].lower(), allowed, n=2, cutoff=likeness) for likeness in CLOSE)
    hint = next((f" (did you mean {names[0]}?)" for names in close if len(names) == 1), "")
    choice = f"choose one of {', '.join(allowed)}" if allowed else "there is none to choose from"
    return UserError(f"unknown {kind} {shortened(given)!r}{hint}: {choice}")


def shortened(text: str) -> str:
    """Return what a message repeats of a text: it may be a stranger's, and of any length."""
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def disk_is_full(error: BaseException | None) -> bool:
    """Return whether an error, or what it came from, says that nothing can be written any more."""
    while error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def expect(kind: Any, *values: Any) -> None:
    """Raise TypeError for the first value that is not of this type, or of several, `int | float`.

    True and False are no numbers.
    """
    for value in values:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"{value!r:.40} is of the wrong type")
