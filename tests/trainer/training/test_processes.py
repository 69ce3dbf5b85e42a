"""Training with two processes, started as a user would start them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file

from tests.serving import ROOT
from trainer.__main__ import main
from trainer.training.processes import Processes

CHOICE = "--architecture vgg16 --layer block2 --decoder wavelet frequency_aware --loss mse"
RECIPE = "--steps 2 --batch 4 --crop 64 --validate-every 2 --validation-photos 1 --fixed-views 2"
TRAIN = f"train {CHOICE} {RECIPE}"
SECONDS = 200
ENDING = """
import sys

import torch.distributed

from trainer.__main__ import main

code = main(sys.argv[1:])
print("left" if not torch.distributed.is_initialized() else "one that stays may be aborted at its exit")
sys.exit(code)
"""


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen]:
    """Start `python ARGUMENTS` in the project's folder; it is killed if the block ends before it does."""
    command = [sys.executable, *map(str, arguments)]
    own = {"OMP_NUM_THREADS": "1", "EXPLORER_DEVICE": "cpu", "PYTHONPATH": str(ROOT)}
    environment = os.environ | own
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def test_two_processes_make_the_decoder_that_one_makes(photos_folder, tmp_path):
    arguments = [*TRAIN.split(), "--photos", str(photos_folder), "--out"]
    script = tmp_path / "ending.py"
    script.write_text(ENDING)
    two = ["-m", "torch.distributed.run", "--nproc-per-node", "2", script, *arguments]
    with started(*two, tmp_path / "two") as process:
        assert main([*arguments, str(tmp_path / "one")]) == 0
        said, complaints = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, complaints
    assert said.count("wavelet-mse-imagenet") == 1  # one process reports
    assert said.split().count("left") == 2, said
    for decoder in ("wavelet", "frequency_aware"):
        name = f"decoders/vgg16-block2-{decoder}-mse-imagenet.safetensors"
        ours, theirs = load_file(tmp_path / "two" / name), load_file(tmp_path / "one" / name)
        assert all(torch.allclose(ours[key].float(), theirs[key].float(), atol=2e-3) for key in theirs)


def test_a_batch_that_cannot_be_shared_evenly_is_refused(photos_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Processes, "count", 2)
    arguments = [*TRAIN.replace("--batch 4", "--batch 3").split(), "--photos", str(photos_folder)]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert "A batch of 3 cannot be shared evenly by 2 processes." in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.safetensors"))
