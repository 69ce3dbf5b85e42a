"""The command line for looking: list, reconstruct, depth, features."""

import argparse
import csv
import json
import logging
import sys
from pathlib import Path
from typing import Any

from explorer.command_line import Parser, run


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return run(options.command, options)


def parser() -> Parser:
    top = Parser(prog="python -m explorer", description="See what a neural network keeps of a picture.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        sub.add_argument(
            "--checkpoints", metavar="DIR_OR_HUB_ID", help="default: EXPLORER_CHECKPOINTS, then bundled"
        )
        return sub

    def photo_command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = command(name, function, text)
        sub.add_argument("image", metavar="IMAGE")
        sub.add_argument("--architecture", default="vgg16", metavar="NAME")
        sub.add_argument("--weights", default="imagenet", metavar="NAME", help="imagenet (default) or random")
        sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
        return sub

    listed = command("list", list_ready, "List what is ready and what is missing.")
    listed.add_argument("--json", action="store_true", help="print one JSON object")

    one = photo_command("reconstruct", reconstruct, "Decode a photo from the features of one layer.")
    one.add_argument("--layer", default="block1", metavar="NAME")
    every = photo_command("depth", depth, "Decode a photo from every layer, shallow to deep.")
    for sub, decoder in ((one, "transposed_conv"), (every, "linear")):
        sub.add_argument("--decoder", default=decoder, metavar="NAME", help=f"default: {decoder}")
        sub.add_argument("--loss", default="hybrid", metavar="NAME", help="hybrid (default), mse or lpips")
        sub.add_argument("--json", action="store_true", help="print the figures as one JSON object, last")

    maps = photo_command(
        "features", features, "Save the feature maps of one layer, strongest channels first."
    )
    maps.add_argument("--layer", default="block1", metavar="NAME")
    return top


def list_ready(options: argparse.Namespace) -> None:
    from explorer import Explorer
    from explorer.encoders import ENCODERS

    catalogue = Explorer(options.checkpoints).catalogue()
    if options.json:
        print(json.dumps(catalogue.to_dict()))
        return
    for architecture, spec in ENCODERS.items():
        print(f"{architecture} ({spec.title})")
        for layer in spec.layers:
            print(f"  {layer.name}: {layer.channels} channels of {layer.size} x {layer.size} positions")
            for c in sorted(catalogue.entries):
                if (c.architecture, c.layer) == (architecture, layer.name):
                    print(f"    ready    {c.decoder} ({c.loss}, {c.weights})")
            for c, _ in catalogue.missing:
                if (c.architecture, c.layer) == (architecture, layer.name):
                    print(f"    missing  {c.decoder} ({c.loss}, {c.weights})")
    for name, reason in catalogue.skipped:
        print(f"skipped {name}: {reason}")


def reconstruct(options: argparse.Namespace) -> None:
    from explorer import Explorer

    found = Explorer(options.checkpoints).reconstruct(
        options.image, options.architecture, options.layer, options.decoder, options.loss, options.weights
    )
    row = _save(found, options.out)
    _report([row])
    if options.json:
        print(json.dumps(row))


def depth(options: argparse.Namespace) -> None:
    from explorer import Explorer

    found = Explorer(options.checkpoints).depth(
        options.image, options.architecture, options.decoder, options.loss, options.weights
    )
    rows = [
        _save(reconstruction, options.out, f"{reconstruction.configuration.layer}-")
        for reconstruction in found
    ]
    _report(rows)
    if options.json:
        print(json.dumps({"layers": rows}))


def features(options: argparse.Namespace) -> None:
    from explorer import Explorer
    from explorer.images import save_png

    maps = Explorer(options.checkpoints).features(
        options.image, options.architecture, options.layer, options.weights
    )
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


def _save(found: Any, out: Path, prefix: str = "") -> dict[str, Any]:
    """Write the three pictures of a Reconstruction and return its row for the JSON."""
    from explorer.images import save_png

    files = {}
    for name in ("original", "reconstruction", "error"):
        path = out / f"{prefix}{name}.png"
        save_png(getattr(found, name), path)
        files[name] = str(path)
    return found.to_dict() | {"files": files}


def _report(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        psnr = "infinite" if row["psnr"] is None else f"{row['psnr']:.2f} dB"
        print(
            f"{row['architecture']} {row['layer']} {row['decoder']} ({row['loss']}, {row['weights']}): "
            f"PSNR {psnr}, SSIM {row['ssim']:.3f}, LPIPS {row['lpips']:.3f}, MSE {row['mse']:.5f} "
            f"in {row['seconds']:.2f} s -> {row['files']['reconstruction']}"
        )


if __name__ == "__main__":
    sys.exit(main())
