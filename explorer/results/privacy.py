"""The privacy study that `python -m trainer privacy` measured; nothing is measured here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.configurations import check_names, configuration_of
from explorer.results.fields import as_cost, as_share, as_text, as_whole, read_file, usable

COLUMNS = {
    "sent as they are": ("", 0.0),
    "in 4 bits": ("quantise", 4.0),
    "in 2 bits": ("quantise", 2.0),
    "in 1 bit": ("quantise", 1.0),
    "with noise of 1×": ("noise", 1.0),
    "with noise of 2×": ("noise", 2.0),
}


@dataclass(frozen=True)
class Sent:
    """One layer and one way to send its features: the share of the photos that are found by them, 0 to 1."""

    layer: str
    operation: str
    strength: float
    found: float


@dataclass(frozen=True)
class Study:
    """How many of some photos are recognised from the features that are sent; without rows there is none."""

    photos: int = 0
    rows: Sequence[Sent] = ()

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Study":
        """Return the study in a file's data, without the rows that cannot be used, which are logged.

        Raises KeyError, TypeError, ValueError or AttributeError.
        """
        photos = as_whole(raw["protocol"]["photos"])
        rows = list(usable(_sent, list(raw["rows"]), "the privacy study"))
        if not photos or not rows:
            raise ValueError("it is of no photos, or of none that can be used")
        return cls(photos, rows)

    @classmethod
    def read(cls, path: Path) -> "Study":
        """Return the study in a file; one that cannot be used is logged, never raised."""
        return read_file(path, cls.of, cls(), "privacy study")

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return header and rows: how many photos were found among all by their reconstruction.

        A row a layer: its name, then the share in per cent for each way to send the features.
        """
        cells = {(row.layer, row.operation, row.strength): f"{row.found:.0%}" for row in self.rows}
        rows = [
            [layer, *(cells.get((layer, *way), "–") for way in COLUMNS.values())]
            for layer in dict.fromkeys(row.layer for row in self.rows)
        ]
        return ["layer", *COLUMNS], rows


def _sent(raw: Mapping[str, Any]) -> Sent:
    check_names(configuration_of(raw))
    strength, found = as_cost(raw["strength"]), as_share(raw["mean"]["found"])
    return Sent(raw["layer"], as_text(raw["operation"]), strength, found)
