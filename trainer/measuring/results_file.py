"""The results file: written whole, and read again for the figures that are still good."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from explorer.atomic_write import whole_file
from explorer.configurations import AnyConfiguration, configuration_of
from explorer.errors import UserError


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write the results whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(results, indent=1) + "\n")


Row = dict[str, Any]
Found = TypeVar("Found")


def earlier_results(
    path: Path | None, protocol: dict[str, Any]
) -> tuple[dict[AnyConfiguration, Row], list[Row]]:
    """Return the rows that a results file already holds, by configuration, and its baselines, if it is there.

    Raises UserError as `earlier_file` does.
    """

    def read(earlier: Row) -> tuple[dict[AnyConfiguration, Row], list[Row]]:
        rows = {configuration_of(row): row for row in earlier["configurations"]}
        return rows, [row for row in earlier["baselines"] if "per_image" in row]

    return earlier_file(path, protocol, read) or ({}, [])


def earlier_file(path: Path | None, protocol: dict[str, Any], read: Callable[[Row], Found]) -> Found | None:
    """Return what `read` finds in a file that was measured before, None if it is not there.

    Raises UserError when it holds results of other photos or another protocol, or `read` cannot use it.
    """
    if path is None or not path.exists():
        return None
    try:
        earlier = json.loads(path.read_text())
        found, same = read(earlier), earlier["protocol"] == protocol
    except (ValueError, KeyError, TypeError, UserError) as error:
        raise UserError(f"{path} is not a results file: choose another --out.") from error
    if not same:
        raise UserError(f"{path} holds results of other photos or another protocol: choose another --out.")
    return found
