"""What the trainer's commands do with their options; `trainer.__main__` says what these are.

Each command imports what it runs, so that asking for help waits for nothing.
"""

import argparse
from dataclasses import fields

from explorer.configurations import (
    AnyConfiguration,
    Configuration,
    FusedConfiguration,
    check_names,
    parse_place,
)
from explorer.decoders import decoder_spec
from explorer.encoders.devices import choose_device
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError
from explorer.folders import BUNDLED
from trainer.presets import preset_jobs
from trainer.recipe import Recipe
from trainer.stopping import stopping

RESULTS = {"project": "results.json", "published": "results_published.json"}


def layers(options: argparse.Namespace) -> list[str]:
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

    chosen = layers(options)
    if not decoder_spec(options.decoder).closed_form:
        raise UserError(f"{options.decoder!r} is trained: use 'python -m trainer train'.")
    device = choose_device(options.device)
    train, val = load_train_val(options.photos)
    options.out.mkdir(parents=True, exist_ok=True)
    found = fit_linear(
        options.architecture,
        chosen,
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


def configurations(options: argparse.Namespace) -> list[AnyConfiguration]:
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
            for layer in layers(options)
            for decoder in decoders
            for loss in losses
        ]
    for configuration in found:
        check_names(configuration)
    return found


def run_train(options: argparse.Namespace) -> None:
    from trainer.data.photos import load_train_val
    from trainer.training.loop import Training
    from trainer.training.state import save_state

    chosen = configurations(options)
    recipe = Recipe(**{field.name: getattr(options, field.name) for field in fields(Recipe)})
    device = choose_device(options.device)
    train, val = load_train_val(options.photos, recipe.seed, recipe.largest_side)
    options.out.mkdir(parents=True, exist_ok=True)  # now, not when the first checkpoint is saved

    def after_step(step: int, summary: str) -> None:
        stop.at_once = False  # a step that is left half done could not be resumed
        if stop.asked:
            if training.processes.is_main:
                save_state(training.state_file, step, training.identity, training.heads)
            raise KeyboardInterrupt

    training = Training(
        chosen,
        recipe,
        train,
        val,
        options.out,
        device,
        start_from=options.start_from,
        continued=options.continued,
        on_progress=after_step,
    )
    with stopping() as stop:
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


def run_judges(options: argparse.Namespace) -> None:
    from trainer.data.photos import load_train_val
    from trainer.measuring.judge_means import write_judge_means

    _, val = load_train_val(options.photos)
    print(write_judge_means(val, options.out, choose_device(options.device)))


def run_recoveries(options: argparse.Namespace) -> None:
    from trainer.data.photos import photo_files
    from trainer.measuring.recoveries import write_recoveries

    for path in write_recoveries(photo_files(options.photos), options.out):
        print(path)


def run_evaluate(options: argparse.Namespace) -> None:
    from trainer.measuring.evaluate import evaluate
    from trainer.measuring.results_file import write_results
    from trainer.reporting.tables import configurations_table

    device = choose_device(options.device)
    out = options.out or BUNDLED / RESULTS[options.protocol]
    out.parent.mkdir(parents=True, exist_ok=True)
    results = evaluate(options.photos, options.checkpoints, options.only, out, device, options.protocol)
    write_results(results, out)
    print(configurations_table(results))


def run_privacy(options: argparse.Namespace) -> None:
    from trainer.measuring.privacy import measure_privacy
    from trainer.measuring.results_file import write_results
    from trainer.reporting.tables import privacy_table

    options.out.parent.mkdir(parents=True, exist_ok=True)
    device = choose_device(options.device)
    found = measure_privacy(options.photos, options.checkpoints, options.architecture, device)
    write_results(found, options.out)
    print(privacy_table(found))


def run_compare(options: argparse.Namespace) -> None:
    from trainer.measuring.alike import measure_alike
    from trainer.measuring.results_file import write_results
    from trainer.reporting.tables import alike_table

    options.out.parent.mkdir(parents=True, exist_ok=True)
    device = choose_device(options.device)
    found = measure_alike(options.photos, options.checkpoints, device, earlier=options.out)
    write_results(found, options.out)
    print(alike_table(found, "psnr"))


def run_report(options: argparse.Namespace) -> None:
    from trainer.reporting.markdown import Data, results_page, with_networks, write_or_check
    from trainer.reporting.report import write_report

    if options.markdown or options.readme:
        data, texts = Data.read(options.checkpoints), {}
        if options.markdown:
            texts[options.markdown] = results_page(data)
        if options.readme:
            texts[options.readme] = with_networks(options.readme.read_text(encoding="utf-8"), data)
        for path, text in texts.items():
            write_or_check(path, text, options.check)
            print(path)
        return
    if options.check:
        raise UserError("--check goes with --markdown or --readme.")
    write_report(options.results, options.checkpoints, options.photo, options.out)
    print(f"{options.out} ({options.out.stat().st_size / 2**20:.1f} MiB)")


def run_publish(options: argparse.Namespace) -> None:
    from trainer.publishing import checkpoints, publish, space

    publication = space(options.space) if options.space else checkpoints(options.checkpoints, options.folder)
    sizes = publication.sizes
    if options.dry_run:
        for name, size in sizes.items():
            print(f"{size / 2**20:9.3f} MiB  {name}")
    total = f"{len(sizes)} files, {sum(sizes.values()) / 2**20:.0f} MiB"
    if options.dry_run:
        print(f"{total}, would go to the {publication.repo_type} {publication.repository}.")
        return
    print(f"{total}: {publish(publication, options.private)}")
