"""Tables in Markdown from a results file; nothing is computed here but the layout."""

from collections.abc import Mapping
from typing import Any

from explorer.configurations import configuration_of, layers_by_architecture
from explorer.decoders import DECODERS
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.results.privacy import Study


def summary_table(results: dict[str, Any]) -> str:
    """Return one line a layer: the PSNR of each mse decoder, with half its 95 % interval, and the best LPIPS.

    Beside them stands the blur of the layer's grid. The best decoder of a line is bold.
    """
    blur = {row["size"]: row["mean"]["psnr"] for row in results["baselines"] if row["baseline"] == "blur"}
    by_layer: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in single_rows(results):
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


def single_rows(results: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in results["configurations"] if "sources" not in row]


def fused_rows(results: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in results["configurations"] if "sources" in row]


def ensembles_table(results: dict[str, Any]) -> str:
    """Return one line a fused configuration: its PSNR, the gain over the best source alone, and the costs.

    The last column is what the PSNR loses when a source is replaced by its mean, and the learned weight.
    """
    lines = [
        "| sources | fusion | decoder | PSNR, dB | best source alone | gain, dB (95 % interval) | p | passes "
        "| ms | M parameters | lost without each, dB (weight) |",
        "| --- | --- | --- | ---: | --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in fused_rows(results):
        gain = row["gain"]
        alone, more, p = "–", "–", "–"
        if gain:
            low, high = gain["ci95"]
            alone = f"{gain['over']['architecture']} {gain['over']['layer']}"
            more, p = f"{gain['psnr']:+.2f} ({low:+.2f} to {high:+.2f})", chance(gain["p_holm"])
        brought = ", ".join(
            f"{x['loss']:.1f}" + ("" if x["weight"] is None else f" ({x['weight']:.0%})")
            for x in row["contributions"]
        )
        control = "" if row["weights"] == "imagenet" else f" ({row['weights']})"
        lines.append(
            f"| {places(row)}{control} | {row['fusion']} | {row['decoder']} | {row['mean']['psnr']:.2f} "
            f"| {alone} | {more} | {p} | {row['forward_passes']} "
            f"| {row['encoder_milliseconds'] + row['milliseconds']:.0f} "
            f"| {row['parameters'] / 1e6:.2f} | {brought} |"
        )
    return "\n".join(lines)


def places(row: Mapping[str, Any]) -> str:
    """Return a row's sources, the layers of one architecture together: "vgg16 block1, block3"."""
    layers = layers_by_architecture((architecture, layer) for architecture, layer in row["sources"])
    return " + ".join(f"{architecture} {', '.join(names)}" for architecture, names in layers.items())


def chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


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
    ours = {configuration_of(row): row for row in project["configurations"]}
    [perfect] = [row for row in published["baselines"] if row["baseline"] == "photo"]
    lines = [
        "| VGG16 decoder | trained to draw | against the photo, dB | as the studies measured, dB |",
        "| --- | --- | ---: | ---: |",
        f"| the photo itself: a perfect reconstruction | – | ∞ | {perfect['mean']['psnr']:.2f} |",
    ]
    for row in published["configurations"]:
        mine = ours.get(configuration_of(row)) if row["target"] == "photo" else None
        drawn = "the photo" if row["target"] == "photo" else "the normalised photo, clipped"
        against_photo = f"{mine['mean']['psnr']:.2f}" if mine else "–"
        lines.append(
            f"| {row['layer']} {row['decoder']} ({row['loss']}) | {drawn} | {against_photo} "
            f"| {row['mean']['psnr']:.2f} |"
        )
    return "\n".join(lines)


def privacy_table(study: dict[str, Any]) -> str:
    """Return how many photos were found again from the features that were sent, a line a layer."""
    header, rows = Study.of(study).table()
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def markdown_table(results: dict[str, Any]) -> str:
    """Return one line a configuration: name, parameters, mean PSNR with its interval, SSIM, LPIPS."""
    lines = [
        "| architecture | layer or fusion | decoder | loss | parameters | PSNR dB (95 % interval) | SSIM "
        "| LPIPS |",
        "| --- | --- | --- | --- | ---: | --- | --- | --- |",
    ]
    for row in results["configurations"]:
        mean, (low, high) = row["mean"], row["ci95"]["psnr"]
        control = "" if row["weights"] == "imagenet" else f" ({row['weights']} weights)"
        fused = "sources" in row
        where, layer = (places(row), row["fusion"]) if fused else (row["architecture"], row["layer"])
        lines.append(
            f"| {where}{control} | {layer} | {row['decoder']} | {row['loss']} "
            f"| {row['parameters']:,} | {mean['psnr']:.2f} ({low:.2f} to {high:.2f}) "
            f"| {mean['ssim']:.3f} | {mean['lpips']:.3f} |"
        )
    return "\n".join(lines)
