"""Tables in Markdown from a results file; nothing is computed here but the layout."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from explorer.checkpoints import Configuration
from explorer.decoders import DECODERS
from explorer.encoders import ENCODERS, encoder_spec
from explorer.privacy import found_again


def summary_table(results: dict[str, Any]) -> str:
    """Return one line a layer: the PSNR of each mse decoder, with half its 95 % interval, and the best LPIPS.

    Beside them stands the blur of the layer's grid. The best decoder of a line is bold.
    """
    blur = {row["size"]: row["mean"]["psnr"] for row in results["baselines"] if row["baseline"] == "blur"}
    by_layer: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in results["configurations"]:
        by_layer.setdefault((row["weights"], row["architecture"], row["layer"]), []).append(row)
    order = {(name, layer): i for i, (name, layer) in enumerate(all_layers())}
    lines = [
        f"| architecture | layer | blur | {' | '.join(DECODERS)} | best LPIPS |",
        f"| --- | --- | ---: |{' ---: |' * len(DECODERS)} --- |",
    ]
    for key in sorted(by_layer, key=lambda key: (key[0], order[key[1:]])):
        weights, architecture, layer = key
        mine = {row["decoder"]: row for row in by_layer[key] if row["loss"] == "mse"}
        highest = max((row["mean"]["psnr"] for row in mine.values()), default=0)
        cells = [psnr_cell(mine.get(name), highest) for name in DECODERS]
        best = min(by_layer[key], key=lambda row: row["mean"]["lpips"])
        name = architecture if weights == "imagenet" else f"{architecture} ({weights})"
        lines.append(
            f"| {name} | {layer} | {blur[encoder_spec(architecture).layer(layer).size]:.2f} "
            f"| {' | '.join(cells)} | {best['mean']['lpips']:.3f} {best['decoder']} ({best['loss']}) |"
        )
    return "\n".join(lines)


def all_layers() -> list[tuple[str, str]]:
    return [(name, layer) for name, spec in ENCODERS.items() for layer in spec.layer_names]


def psnr_cell(row: Mapping[str, Any] | None, highest: float) -> str:
    if row is None:
        return "–"
    low, high = row["ci95"]["psnr"]
    mean = f"{row['mean']['psnr']:.2f}"
    return f"{f'**{mean}**' if row['mean']['psnr'] == highest else mean} ± {(high - low) / 2:.2f}"


def protocols_table(project: dict[str, Any], published: dict[str, Any]) -> str:
    """Return what the same decoders score against the photo and measured as the published studies did."""
    keys = [field.name for field in fields(Configuration)]
    ours = {tuple(row[key] for key in keys): row for row in project["configurations"]}
    [perfect] = [row for row in published["baselines"] if row["baseline"] == "photo"]
    lines = [
        "| VGG16 decoder | trained to draw | against the photo, dB | as the studies measured, dB |",
        "| --- | --- | ---: | ---: |",
        f"| the photo itself: a perfect reconstruction | – | ∞ | {perfect['mean']['psnr']:.2f} |",
    ]
    for row in published["configurations"]:
        mine = ours.get(tuple(row[key] for key in keys)) if row["target"] == "photo" else None
        drawn = "the photo" if row["target"] == "photo" else "the normalised photo, clipped"
        against_photo = f"{mine['mean']['psnr']:.2f}" if mine else "–"
        lines.append(
            f"| {row['layer']} {row['decoder']} ({row['loss']}) | {drawn} | {against_photo} "
            f"| {row['mean']['psnr']:.2f} |"
        )
    return "\n".join(lines)


def privacy_table(study: dict[str, Any]) -> str:
    """Return how many photos were found again from the features that were sent, a line a layer."""
    header, rows = found_again(study)
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def markdown_table(results: dict[str, Any]) -> str:
    """Return one line a configuration: name, parameters, mean PSNR with its interval, SSIM, LPIPS."""
    lines = [
        "| architecture | layer | decoder | loss | parameters | PSNR dB (95 % interval) | SSIM | LPIPS |",
        "| --- | --- | --- | --- | ---: | --- | --- | --- |",
    ]
    for row in results["configurations"]:
        mean, (low, high) = row["mean"], row["ci95"]["psnr"]
        control = "" if row["weights"] == "imagenet" else f" ({row['weights']} weights)"
        lines.append(
            f"| {row['architecture']}{control} | {row['layer']} | {row['decoder']} | {row['loss']} "
            f"| {row['parameters']:,} | {mean['psnr']:.2f} ({low:.2f} to {high:.2f}) "
            f"| {mean['ssim']:.3f} | {mean['lpips']:.3f} |"
        )
    return "\n".join(lines)
