"""The results file: written whole, and read again for the figures that are still good."""

import json
from pathlib import Path
from typing import Any

from explorer.atomic_write import whole_file
from explorer.configurations import AnyConfiguration, configuration_of
from explorer.errors import UserError


def write_results(results: dict[str, Any], path: Path) -> None:
    """Write the results whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(results, indent=1) + "\n")


Row = dict[str, Any]


def earlier_results(
    path: Path | None, protocol: dict[str, Any]
) -> tuple[dict[AnyConfiguration, Row], list[Row]]:
    """Return the rows that a results file already holds, by configuration, and its baselines, if it is there.

    Raises UserError when it holds results of other photos or another protocol, or is no results file.
    """
    if path is None or not path.exists():
        return {}, []
    try:
        earlier = json.loads(path.read_text())
        rows = {configuration_of(row): row for row in earlier["configurations"]}
        baselines = [row for row in earlier["baselines"] if "per_image" in row]
    except (ValueError, KeyError, TypeError, UserError) as error:
        raise UserError(f"{path} is not a results file: choose another --out.") from error
    if earlier["protocol"] != protocol:
        raise UserError(f"{path} holds results of other photos or another protocol: choose another --out.")
    return rows, baselines
