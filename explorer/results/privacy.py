"""The privacy study that `python -m trainer privacy` measured, as texts; nothing is measured here."""

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
COLUMNS = {
    "sent as they are": ("", 0.0),
    "in 4 bits": ("quantise", 4.0),
    "in 2 bits": ("quantise", 2.0),
    "in 1 bit": ("quantise", 1.0),
    "with noise of 1×": ("noise", 1.0),
    "with noise of 2×": ("noise", 2.0),
}


def read_study(path: Path) -> dict[str, Any]:
    """Return {"protocol", "classifier", "rows"} of a file; without a usable one there are no rows."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"protocol": found["protocol"], "classifier": found["classifier"], "rows": found["rows"]}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is left out: it is no privacy study (%s)", path.name, error)
    return {"protocol": {}, "classifier": "", "rows": []}


def found_again(study: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of a table: how many photos were found among all by their reconstruction.

    A row a layer: its name, then the share in per cent for each way to send the features.
    """
    cells = {(row["layer"], row["operation"], row["strength"]): row["mean"]["found"] for row in study["rows"]}
    layers = list(dict.fromkeys(row["layer"] for row in study["rows"]))
    rows = [
        [
            layer,
            *(f"{cells[key]:.0%}" if (key := (layer, *way)) in cells else "–" for way in COLUMNS.values()),
        ]
        for layer in layers
    ]
    return ["layer", *COLUMNS], rows
