"""What each command of the command line does; PyTorch is imported when a command needs it."""

import argparse
import csv
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from explorer.experiments.settings import PRIORS, Settings


def list_ready(options: argparse.Namespace) -> None:
    from explorer import Explorer
    from explorer.encoders.table import ENCODERS

    catalogue = Explorer(options.checkpoints).catalogue()
    if options.json:
        print(json.dumps(catalogue.to_dict() | {"optimisation": {"priors": PRIORS}}))
        return
    for architecture, spec in ENCODERS.items():
        print(f"{architecture} ({spec.full_title})")
        for layer in spec.layers:
            print(f"  {layer.name}: {layer.channels} channels of {layer.size} x {layer.size} positions")
            for c in catalogue.single:
                if (c.architecture, c.layer) == (architecture, layer.name):
                    print(f"    ready    {c.decoder} ({c.loss}, {c.weights})")
            for c, _ in catalogue.missing_at(architecture, layer.name):
                print(f"    missing  {c.decoder} ({c.loss}, {c.weights})")
    for c in catalogue.fused:
        places = " + ".join("/".join(place) for place in c.sources)
        print(f"ready    {c.fusion} of {places}: {c.decoder} ({c.loss}, {c.weights})")
    for name, reason in catalogue.skipped:
        print(f"skipped {name}: {reason}")


def reconstruct(options: argparse.Namespace) -> None:
    from explorer import Explorer
    from explorer.configurations import OPTIMISATION, FusedConfiguration, parse_place
    from explorer.results.standing import standing

    explorer, asked = Explorer(options.checkpoints), _configuration(options)
    if options.source:
        sources = tuple(parse_place(text) for text in options.source)
        fused = FusedConfiguration(sources, options.fusion, asked.decoder, asked.loss, asked.weights)
        ensemble = explorer.ensemble(options.image, fused)
        found, brought = ensemble.result, {"contributions": ensemble.to_dict()["contributions"]}
    else:
        if asked.decoder != OPTIMISATION:
            _prepare(explorer, [explorer.catalogue().find(asked)])
        found, brought = explorer.reconstruct(options.image, asked), {}
    found = explorer.judged(found)
    row = _save(found, options.out) | brought | {"standing": standing(found, explorer.results()).to_dict()}
    row |= {"agreement": explorer.agreement(found).to_dict()}
    _report([row])
    for source in brought.get("contributions", ()):
        weight = "" if source["weight"] is None else f", weight {source['weight']:.2f}"
        alone = "–" if source["psnr_alone"] is None else f"{source['psnr_alone']:.2f} dB"
        without = f"without it {source['psnr_without']:.2f} dB"
        print(f"  {'/'.join(source['source'])}: alone {alone}, {without}{weight}")
    if options.json:
        print(json.dumps(row))


def recover(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from explorer import Explorer
    from explorer.recovering import suited

    explorer, asked = Explorer(options.checkpoints), _configuration(options)
    given = {field.name: getattr(options, field.name) for field in fields(Settings)}
    given = {name: value for name, value in given.items() if value is not None}
    settings = replace(suited(explorer.engine, asked, given.get("prior", "")), **given)
    search = explorer.recover(options.image, asked, settings)
    with tqdm(total=settings.steps * settings.restarts, unit="step", disable=None) as bar:
        for found in search:
            bar.update(found.steps - bar.n)
            bar.set_postfix_str(f"feature error {found.feature_error:.4f}")
    row = _save(found.result, options.out) | found.to_dict()
    row |= {"agreement": explorer.agreement(found.result).to_dict()}
    _report([row])
    if options.json:
        print(json.dumps(row))


def depth(options: argparse.Namespace) -> None:
    from explorer import Explorer

    explorer, asked = Explorer(options.checkpoints), _configuration(options)
    _prepare(explorer, explorer.depth_configurations(asked))
    found = map(explorer.judged, explorer.depth(options.image, asked))
    rows = [
        _save(reconstruction, options.out, f"{reconstruction.configuration.layer}-")
        for reconstruction in found
    ]
    _report(rows)
    if options.json:
        print(json.dumps({"layers": rows}))


def sheet(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from explorer import Explorer
    from explorer.contact_sheet import contact_sheet
    from explorer.pictures.contact_sheets import draw_contact_sheet
    from explorer.pictures.exports import save_png

    asked = (options.image, options.architecture, options.weights)
    with tqdm(total=100, desc="decoding", unit="%", disable=None, leave=False) as bar:
        for found in contact_sheet(Explorer(options.checkpoints), *asked):
            bar.update(round(100 * found.share) - bar.n)
    drawn, path = draw_contact_sheet(found), options.out / "sheet.png"
    save_png(drawn, path)
    print(f"{len(found.found)} pictures, {drawn.width} x {drawn.height} pixels -> {path}")
    if options.json:
        print(json.dumps(found.to_dict() | {"files": {"sheet": str(path)}}))


def features(options: argparse.Namespace) -> None:
    from explorer import Explorer
    from explorer.pictures.exports import save_png

    maps = Explorer(options.checkpoints).features(options.image, _configuration(options))
    for page in range(maps.pages()):
        path = options.out / f"{options.architecture}-{options.layer}-features-{page + 1:02d}.png"
        save_png(maps.mosaic(page), path)
        print(path)
    table = options.out / f"{options.architecture}-{options.layer}-channels.csv"
    rows = maps.statistics()
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(table)


def compare(options: argparse.Namespace) -> None:
    from explorer import Explorer
    from explorer.measures.comparison import parse_configuration
    from explorer.pictures.exports import save_png

    a, b = (parse_configuration(text) for text in (options.a, options.b))
    found = Explorer(options.checkpoints).compare(options.image, a, b)
    path = options.out / "difference.png"
    sides = {"a": _save(found.a, options.out, "a-"), "b": _save(found.b, options.out, "b-")}
    save_png(found.difference, path)
    _report(list(sides.values()))
    for verdict in found.verdicts:
        print(verdict.sentence)
    print(path)
    if options.json:
        print(json.dumps(found.to_dict() | sides | {"files": {"difference": str(path)}}))


def surgery(options: argparse.Namespace) -> None:
    from explorer import Explorer
    from explorer.experiments.bits import size_in_words
    from explorer.experiments.surgery import Change

    change = Change(options.operation, options.strength, options.mask, options.other)
    found = Explorer(options.checkpoints).surgery(options.image, _configuration(options), change)
    pictures = {
        "original": found.before.original,
        "before": found.before.reconstruction,
        "after": found.after.reconstruction,
        "error": found.after.error,
    }
    row = found.to_dict() | {"files": _save_pictures(pictures, options.out)}
    print(
        f"{row['operation']} {row['strength']:g} {row['unit']}: {row['channels']} channels changed "
        f"at {row['positions']} positions"
    )
    for name, side in (("before", found.before), ("after", found.after)):
        _report([side.to_dict() | {"files": {"reconstruction": row["files"][name]}}])
        print(f"{name}: features of about {size_in_words(row[f'bits_{name}'])}")
    if options.json:
        print(json.dumps(row))


def _configuration(options: argparse.Namespace) -> Any:
    """Return the configuration of those names that a command has options for."""
    from explorer.configurations import Configuration

    names = {field.name for field in fields(Configuration)}
    return Configuration(**{name: value for name, value in vars(options).items() if name in names})


def _prepare(explorer: Any, configurations: list[Any]) -> None:
    """Fit what is fitted on the spot, with a progress bar."""
    from tqdm import tqdm

    with tqdm(total=100, desc="fitting on the example photos", unit="%", disable=None, leave=False) as bar:
        for share in explorer.prepare(configurations):
            bar.update(round(100 * share) - bar.n)


def _save(found: Any, out: Path, prefix: str = "") -> dict[str, Any]:
    """Write the three pictures of a Reconstruction and return its row for the JSON."""
    pictures = {name: getattr(found, name) for name in ("original", "reconstruction", "error")}
    return found.to_dict() | {"files": _save_pictures(pictures, out, prefix)}


def _save_pictures(pictures: dict[str, Any], out: Path, prefix: str = "") -> dict[str, str]:
    """Write each picture under its name; return the paths."""
    from explorer.pictures.exports import save_png

    files = {name: str(out / f"{prefix}{name}.png") for name in pictures}
    for name, picture in pictures.items():
        save_png(picture, files[name])
    return files


def _report(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        psnr = "infinite" if row["psnr"] is None else f"{row['psnr']:.2f} dB"
        if "sources" in row:
            where = f"{row['fusion']} of {' + '.join('/'.join(place) for place in row['sources'])}"
        else:
            where = f"{row['architecture']} {row['layer']}"
        print(
            f"{where} {row['decoder']} ({row['loss']}, {row['weights']}): "
            f"PSNR {psnr}, {', '.join(_figures(row))} "
            f"in {row['seconds']:.2f} s -> {row['files']['reconstruction']}"
        )


def _figures(row: dict[str, Any]) -> list[str]:
    """Return the figures of a row but PSNR, each with its name."""
    from explorer.measures.metrics import METRICS

    others = (METRICS[key] for key in METRICS if key in row and key != "psnr")
    return [f"{metric.name} {metric.format(row[metric.key])}" for metric in others]
