"""What the prose of the results says in figures, taken from the data files."""

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.configurations import place_title
from explorer.encoders.table import encoder_spec
from trainer.reporting.tables import (
    Results,
    Row,
    best_of,
    blur_of,
    by_layer,
    fused_rows,
)

FAIR = "pixel_shuffle"  # the decoder that ensembles and their sources trained equally


@dataclass(frozen=True)
class Count:
    """So many of so many layers; `of` names what."""

    of: str
    layers: int
    among: int


@dataclass(frozen=True)
class Gain:
    """What the best ensemble with the FAIR decoder has more than its best source alone, in dB."""

    alone: str
    networks: int
    fusion: str
    decibels: float


def led_by(decoder: str, results: Results) -> Count:
    """Return at how many of the layers that have this decoder for mse its mean PSNR is the highest."""
    places = [[row for row in rows if row["loss"] == "mse"] for rows in by_layer(results).values()]
    places = [rows for rows in places if any(row["decoder"] == decoder for row in rows)]
    led = sum(best_of(rows, "psnr")["decoder"] == decoder for rows in places)
    return Count(decoder, led, len(places))


def above_blur(results: Results) -> Count:
    """Return at how many layers of trained networks the best decoder has a higher PSNR than the blur."""
    trained = [rows for (weights, *_), rows in by_layer(results).items() if weights == "imagenet"]
    best = [best_of(rows, "psnr") for rows in trained]
    above = sum(row["mean"]["psnr"] > blur_of(row, results)["psnr"] for row in best)
    return Count("trained networks", above, len(best))


def control_ahead(results: Results) -> list[Count]:
    """Return for each network how often a linear map brings back more from its control than from it."""
    linear = {
        key: row["mean"]["psnr"]
        for key, rows in by_layer(results).items()
        for row in rows
        if row["decoder"] == "linear"
    }
    pairs: dict[str, list[bool]] = {}
    for (weights, architecture, layer), psnr in linear.items():
        if weights == "imagenet" and ("random", architecture, layer) in linear:
            pairs.setdefault(architecture, []).append(linear["random", architecture, layer] > psnr)
    return [Count(encoder_spec(name).title, sum(ahead), len(ahead)) for name, ahead in pairs.items()]


def gains_of_several_networks(results: Results) -> list[Gain]:
    """Return the largest gain over each source alone of ensembles of several networks."""
    return _gains(row for row in fused_rows(results) if _networks(row) > 1)


def gains_of_several_layers(results: Results) -> list[Gain]:
    """Return the largest gain over each source alone of several layers of one network."""
    return _gains(row for row in fused_rows(results) if _networks(row) == 1)


def spread_of_fusions(results: Results) -> float | None:
    """Return by how many dB the best fusion is above the worst, at most, all else equal; None: one fusion."""
    found: dict[tuple, list[float]] = {}
    for row in fused_rows(results):
        sources = tuple(map(tuple, row["sources"]))
        key = (sources, row["decoder"], row["loss"], row["weights"])
        found.setdefault(key, []).append(row["mean"]["psnr"])
    return max((max(psnr) - min(psnr) for psnr in found.values() if len(psnr) > 1), default=None)


def _gains(rows: Iterable[Row]) -> list[Gain]:
    best: dict[str, Gain] = {}
    for row in rows:
        if row["decoder"] != FAIR or not row["gain"]:
            continue
        over = row["gain"]["over"]
        alone = place_title([(over["architecture"], over["layer"])])
        gain = Gain(alone, _networks(row), row["fusion"], row["gain"]["psnr"])
        if alone not in best or gain.decibels > best[alone].decibels:
            best[alone] = gain
    return list(best.values())


def _networks(row: Row) -> int:
    return len({architecture for architecture, _ in row["sources"]})
