import json
import os
import signal

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from trainer.__main__ import main
from trainer.training.loop import Training

SHORT = ["--batch", "2", "--crop", "64", "--validation-photos", "1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--architecture", "vgg17"], "unknown architecture"),
        (["--architecture", "vgg16", "--layer", "block7"], "block1, block2, block3, block4, block5"),
        (["--architecture", "vgg16", "--decoder", "linear"], "fit-linear"),
        (["--architecture", "vgg16", "--decoder", "gan"], "linear, transposed_conv"),
        (["--architecture", "vgg16", "--loss", "l1"], "mse, lpips, hybrid"),
        (["--architecture", "vgg16", "--crop", "7"], "32 to 256"),
        (["--architecture", "vgg16"], "does not exist"),
    ],
)
def test_mistake_is_one_line_and_status_2(arguments, said, tmp_path, capsys):
    photos, out = tmp_path / "no photos", tmp_path / "out"
    assert main(["train", *arguments, "--photos", str(photos), "--out", str(out)]) == 2
    captured = capsys.readouterr().err
    assert captured.count("\n") == 1
    assert said in captured
    assert not out.exists()


def test_folder_that_cannot_be_made_is_said_before_any_training(photos_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("trainer.training.loop.Training.run", lambda *_: pytest.fail("it trained first"))
    (tmp_path / "file").write_text("in the way")
    choice = ["--architecture", "vgg16", "--layer", "block1", "--decoder", "transposed_conv"]
    where = ["--photos", str(photos_folder), "--out", str(tmp_path / "file" / "out")]
    assert main(["train", *choice, *where]) == 2
    assert "Not a directory" in capsys.readouterr().err


def test_train_then_evaluate_then_list_from_the_command_line(photos_folder, tmp_path, capsys):
    run = [*SHORT, "--steps", "2", "--validate-every", "1"]
    where = ["--photos", str(photos_folder), "--out", str(tmp_path)]
    choice = ["--architecture", "vgg16", "--layer", "block1", "--decoder", "transposed_conv", "--loss", "mse"]
    assert main(["train", *choice, *run, *where]) == 0
    assert "vgg16-block1-transposed_conv-mse-imagenet:" in capsys.readouterr().out
    assert main(["train", *choice, *run, *where, "--resume"]) == 0
    state = tmp_path / "state-vgg16-imagenet.safetensors"
    state.write_bytes(state.read_bytes()[:-1])
    assert main(["train", *choice, *run, *where, "--resume"]) == 2
    assert capsys.readouterr().err.endswith(f"{state.name} is damaged: start without --resume.\n")
    results = tmp_path / "results.json"
    measure = [
        "evaluate",
        "--photos",
        str(photos_folder),
        "--checkpoints",
        str(tmp_path),
        "--out",
        str(results),
    ]
    capsys.readouterr()
    assert main(measure) == 0
    assert results.exists() and "| vgg16 | block1 | transposed_conv | mse |" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_training_keeps_the_step_and_goes_on_to_the_same_decoder(
    photos_folder, tmp_path, capsys, monkeypatch, number
):
    choice = ["--architecture", "vgg16", "--layer", "block1", "--decoder", "transposed_conv", "--loss", "mse"]
    run = [*SHORT, "--steps", "4", "--validate-every", "4"]
    command = ["train", *choice, *run, "--photos", str(photos_folder), "--out"]
    checkpoint = "decoders/vgg16-block1-transposed_conv-mse-imagenet.safetensors"
    assert main([*command, str(tmp_path / "whole")]) == 0
    step = Training.train_step

    def stopped_in_the_third(training: Training) -> None:
        if training.step == 2:
            os.kill(os.getpid(), number)
        step(training)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "train_step", stopped_in_the_third)
        assert main([*command, str(tmp_path / "stopped")]) == 130
    assert capsys.readouterr().err.endswith("Stopped.\n")
    assert not (tmp_path / "stopped" / checkpoint).exists()
    with safe_open(tmp_path / "stopped/state-vgg16-imagenet.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["training"])["step"] == 3
    assert main([*command, str(tmp_path / "stopped"), "--resume"]) == 0
    whole, resumed = (load_file(tmp_path / folder / checkpoint) for folder in ("whole", "stopped"))
    assert all(torch.equal(resumed[name], tensor) for name, tensor in whole.items())


def test_asked_to_stop_before_the_first_step_nothing_is_waited_for(photos_folder, tmp_path, monkeypatch):
    def stop(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("it went on")

    monkeypatch.setattr(Training, "start", stop)
    where = ["--photos", str(photos_folder), "--out", str(tmp_path)]
    assert main(["train", "--architecture", "vgg16", "--layer", "block1", "--crop", "64", *where]) == 130


def test_fit_linear_from_the_command_line(photos_folder, tmp_path, capsys):
    choice = ["--architecture", "vgg16", "--layer", "block1", "--weights", "random"]
    assert main(["fit-linear", *choice, "--photos", str(photos_folder), "--out", str(tmp_path)]) == 0
    assert "vgg16 block1:" in capsys.readouterr().out
    assert (tmp_path / "decoders/vgg16-block1-linear-mse-random.safetensors").exists()
