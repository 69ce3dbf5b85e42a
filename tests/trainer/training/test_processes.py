"""Training with two processes, started as a user would start them."""

import os
import subprocess
import sys

import torch
from safetensors.torch import load_file

from tests.serving import ROOT
from trainer.__main__ import main
from trainer.training.processes import Processes

RECIPE = "--steps 2 --batch 4 --crop 64 --validate-every 2 --validation-photos 1 --fixed-views 2"
TRAIN = f"-m trainer train --architecture vgg16 --layer block2 --decoder wavelet --loss mse hybrid {RECIPE}"


def run(arguments, **environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "EXPLORER_DEVICE": "cpu"} | environment,
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_two_processes_make_the_decoder_that_one_makes(photos_folder, tmp_path):
    arguments = [*TRAIN.split(), "--photos", photos_folder, "--out"]
    assert main([*map(str, arguments[2:]), str(tmp_path / "one")]) == 0
    two = run(["-m", "torch.distributed.run", "--nproc-per-node", "2", *arguments, tmp_path / "two"])
    assert two.returncode == 0, two.stderr
    assert two.stdout.count("wavelet-mse-imagenet") == 1  # one process reports
    for loss in ("mse", "hybrid"):
        name = f"decoders/vgg16-block2-wavelet-{loss}-imagenet.safetensors"
        ours, theirs = load_file(tmp_path / "two" / name), load_file(tmp_path / "one" / name)
        assert all(torch.allclose(ours[key].float(), theirs[key].float(), atol=2e-3) for key in theirs)


def test_a_batch_that_cannot_be_shared_evenly_is_refused(photos_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Processes, "count", 2)
    arguments = [*TRAIN.replace("--batch 4", "--batch 3").split()[2:], "--photos", str(photos_folder)]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert "A batch of 3 cannot be shared evenly by 2 processes." in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.safetensors"))
