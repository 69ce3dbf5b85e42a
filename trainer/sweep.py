"""Run a preset's jobs as Ray tasks, on this machine or a cluster; a stopped sweep goes on where it was."""

import json
import logging
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from explorer.atomic_write import whole_file
from explorer.errors import UserError
from explorer.folders import BUNDLED, PROJECT
from trainer.board import Board
from trainer.presets import AnyJob

ATTEMPTS = 2
POLL_SECONDS = 0.5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a job ended: "done", "already done" or "failed", and why."""

    job: str
    state: str
    reason: str = ""


def run_job(job: AnyJob, photos: Path, out: Path, threads: int, device: str, report) -> None:
    """Fit and train one job into `out`/<job>, going on where a stopped run was.

    `report(step, summary)` is told how it goes. A note in `out`/<job>/done.json says that, and what, was
    finished. Raises UserError for what cannot be trained.
    """
    import torch

    from trainer.data.photos import load_train_val
    from trainer.training.closed_form import fit_linear
    from trainer.training.loop import Training
    from trainer.training.state import DamagedState

    torch.set_num_threads(threads)
    folder = out / job.name
    folder.mkdir(parents=True, exist_ok=True)
    train, val = load_train_val(photos, job.recipe.seed, job.recipe.largest_side, progress=False)
    for architecture, layers, decoder in job.fitted:
        names = [f"{architecture}-{layer}-{decoder}-mse-{job.weights}" for layer in layers]
        if not all((folder / "decoders" / f"{name}.safetensors").exists() for name in names):
            report(0, f"fitting {decoder}")
            fit_linear(
                architecture,
                layers,
                train,
                val,
                folder,
                job.weights,
                device,
                job.recipe.precision,
                decoder,
                progress_bar=False,
            )
    if job.trained:
        start_from = [folder, BUNDLED] if job.starts_from_shipped else [folder]

        def training() -> Training:
            return Training(
                job.trained,
                job.recipe,
                train,
                val,
                folder,
                device,
                progress_bar=False,
                start_from=start_from,
                on_progress=report,
            )

        stopped = training()
        try:
            stopped.run(resume=stopped.state_file.exists())
        except DamagedState as error:
            log.warning("%s begins anew: %s", job.name, error)
            training().run()
    with whole_file(folder / "done.json") as part:
        part.write_text(json.dumps(identity(job, photos)))


def identity(job: AnyJob, photos: Path) -> dict[str, Any]:
    """Return what a finished job was, to tell it from another of the same name."""
    return json.loads(json.dumps(asdict(job) | {"photos": str(photos.resolve())}))


def is_done(job: AnyJob, photos: Path, out: Path) -> bool:
    """Whether this very job was finished before. Raises UserError when another one was."""
    note = out / job.name / "done.json"
    if not note.exists():
        return False
    if json.loads(note.read_text()) != identity(job, photos):
        raise UserError(
            f"{str(note.parent)!r} holds {job.name} of another preset, recipe or photos: use another --out."
        )
    return True


def sweep(
    jobs: Sequence[AnyJob],
    photos: Path,
    out: Path,
    address: str | None = None,
    progress_bar: bool = True,
) -> list[Outcome]:
    """Run the jobs as Ray tasks and return how each ended.

    `address` is a running cluster's, whose machines see `photos` and `out` under the same paths; without it
    Ray is started on this machine. Cores and GPUs are shared out among the jobs. A failed job is reported and
    tried once more; finished ones are not run again. Raises UserError when the cluster cannot be reached.
    """
    import ray

    waiting = [job for job in jobs if not is_done(job, photos, out)]
    outcomes = {job.name: Outcome(job.name, "already done") for job in jobs if job not in waiting}
    if waiting:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        environment = {"env_vars": {"PYTHONPATH": str(PROJECT)}}
        try:
            if address:
                knock(address)
            ray.init(
                address or "local",
                runtime_env=environment,
                logging_level=logging.WARNING,
                log_to_driver=False,
                include_dashboard=False if address is None else None,
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise UserError(f"The Ray cluster {address!r} cannot be reached: {error}") from error
        try:
            outcomes |= run_all(waiting, photos.resolve(), out.resolve(), progress_bar)
        finally:
            ray.shutdown()
    return [outcomes[job.name] for job in jobs]


def knock(address: str) -> None:
    """Raise OSError if nothing listens at "host:port", which Ray itself would wait minutes for."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def resources(jobs: int) -> dict[str, float]:
    """Return the cores and GPUs of each job, so that all jobs run at once where the cluster allows it."""
    import ray

    available = ray.cluster_resources()
    largest = max(node["Resources"].get("CPU", 1) for node in ray.nodes() if node["Alive"])
    cores = max(1, min(int(largest), int(available.get("CPU", 1)) // jobs))
    gpus = available.get("GPU", 0)
    return {"num_cpus": cores, "num_gpus": min(1.0, max(0.1, round(gpus / jobs, 2))) if gpus else 0}


def run_all(jobs: Sequence[AnyJob], photos: Path, out: Path, progress_bar: bool) -> dict[str, Outcome]:
    """Run jobs on the connected cluster, showing the progress of all of them; return {name: outcome}."""
    import ray

    board = ray.remote(num_cpus=0)(Board).remote()
    needs = resources(len(jobs))
    device = "cuda" if needs["num_gpus"] else "cpu"
    task = ray.remote(max_retries=0, **needs)(task_of_job)

    def start(job: AnyJob):
        return task.remote(job, photos, out, int(needs["num_cpus"]), device, board)

    running = {start(job): (job, 1) for job in jobs}
    bars = {
        job.name: tqdm(total=job.recipe.steps, desc=job.name, unit="step", disable=not progress_bar)
        for job in jobs
    }
    outcomes: dict[str, Outcome] = {}
    while running:
        finished, _ = ray.wait(list(running), timeout=POLL_SECONDS)
        for name, (step, summary) in ray.get(board.all.remote()).items():
            bars[name].n = step
            bars[name].set_postfix_str(summary)
        for reference in finished:
            job, attempt = running.pop(reference)
            try:
                ray.get(reference)
                outcomes[job.name] = Outcome(job.name, "done")
            except ray.exceptions.RayError as error:
                reason = str(getattr(error, "cause", None) or error).strip().splitlines()[-1]
                log.warning("%s failed (attempt %d of %d): %s", job.name, attempt, ATTEMPTS, reason)
                if attempt < ATTEMPTS:
                    running[start(job)] = (job, attempt + 1)
                else:
                    outcomes[job.name] = Outcome(job.name, "failed", reason)
    for bar in bars.values():
        bar.close()
    return outcomes


def task_of_job(job: AnyJob, photos: Path, out: Path, threads: int, device: str, board) -> None:
    """Run one job in a Ray task, telling the board about once a second."""
    last = 0.0

    def report(step: int, summary: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 1 or step == job.recipe.steps:
            last = time.monotonic()
            board.say.remote(job.name, step, summary)

    run_job(job, photos, out, threads, device, report)
