"""The command line for looking: one command a verb, and the page without a server."""

import argparse
import logging
import sys
from dataclasses import fields
from pathlib import Path

from explorer import commands
from explorer.browser.command import add_options, site
from explorer.command_line import Parser, run
from explorer.experiments.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return run(options.command, options)


def parser() -> Parser:
    top = Parser(prog="python -m explorer", description="See what a neural network keeps of a picture.")
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=text, description=text)
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

    listed = command("list", commands.list_ready, "List what is ready and what is missing.")
    listed.add_argument("--json", action="store_true", help="print one JSON object")

    one = photo_command("reconstruct", commands.reconstruct, "Decode a photo from the features of one layer.")
    one.add_argument("--layer", default="block1", metavar="NAME")
    one.add_argument(
        "--source",
        action="append",
        metavar="ARCHITECTURE/LAYER",
        help="instead of --architecture and --layer, twice or more: an ensemble of these layers",
    )
    one.add_argument(
        "--fusion", default="concat", metavar="NAME", help="weighted, attention or concat (default)"
    )
    searched = photo_command(
        "recover", commands.recover, "Find a photo again from the features of one layer, without a decoder."
    )
    searched.add_argument("--layer", default="block1", metavar="NAME")
    for field in fields(Settings):
        searched.add_argument(
            f"--{field.name.replace('_', '-')}",
            action="store_true" if field.type is bool else "store",
            default=None,
            help="pixels, decoder or network (default: as suits the layer)"
            if field.name == "prior"
            else "default: as suits prior",
            **({} if field.type is bool else {"type": field.type}),
        )
    searched.add_argument("--json", action="store_true", help="print the figures as one JSON object, last")
    every = photo_command("depth", commands.depth, "Decode a photo from every layer, shallow to deep.")
    cut = photo_command(
        "surgery", commands.surgery, "Change the features of one layer before they are decoded."
    )
    cut.add_argument("--layer", default="block1", metavar="NAME")
    cut.add_argument(
        "--operation",
        default="quantise",
        metavar="NAME",
        help="quantise (default), drop, keep, noise, mask, shuffle or swap",
    )
    cut.add_argument(
        "--strength",
        metavar="NUMBER",
        help="bits for quantise, times the usual variation for noise, per cent for the others",
    )
    cut.add_argument(
        "--mask", metavar="PICTURE", help="what to erase in white: the photo's shape, or its 224 x 224 crop"
    )
    cut.add_argument("--other", metavar="PHOTO", help="the second photo, for swap")
    for sub, decoder in ((one, "transposed_conv"), (every, "linear"), (cut, "transposed_conv")):
        sub.add_argument("--decoder", default=decoder, metavar="NAME", help=f"default: {decoder}")
        sub.add_argument(
            "--loss", default="hybrid", metavar="NAME", help="mse, lpips, features or hybrid (default)"
        )
        sub.add_argument("--json", action="store_true", help="print the figures as one JSON object, last")

    maps = photo_command(
        "features", commands.features, "Save the feature maps of one layer, strongest channels first."
    )
    maps.add_argument("--layer", default="block1", metavar="NAME")

    sheet = photo_command(
        "sheet", commands.sheet, "Decode a photo by every decoder at every layer, on one picture."
    )
    sheet.add_argument("--json", action="store_true", help="print the figures as one JSON object, last")

    both = command(
        "compare", commands.compare, "Decode a photo by two configurations and say which is better."
    )
    both.add_argument("image", metavar="IMAGE")
    for side in ("--a", "--b"):
        both.add_argument(
            side,
            required=True,
            metavar="CONFIGURATION",
            help="architecture/layer/decoder/loss[/weights], such as vgg16/block1/linear/mse",
        )
    both.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    both.add_argument("--json", action="store_true", help="print the figures as one JSON object, last")

    add_options(command("site", site, "Write the page that works in a browser alone, as static files."))
    return top


if __name__ == "__main__":
    sys.exit(main())
