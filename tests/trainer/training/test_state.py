"""The state file of a run: what comes back from it, and every way in which it can be no good."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from explorer.configurations import Configuration
from explorer.errors import UserError
from explorer.folders import BUNDLED
from trainer.recipe import Recipe
from trainer.training import state
from trainer.training.head import Head
from trainer.training.processes import Processes
from trainer.training.state import DamagedState, load_state, save_state

CONFIGURATION = Configuration("vgg16", "block1", "transposed_conv", "mse")
IDENTITY = {"names": CONFIGURATION.name, "recipe": {"seed": 42}, "data": {}}
CPU = torch.device("cpu")


def new_head(seed: int = 0) -> Head:
    head = Head(CONFIGURATION, Recipe(seed=seed), Processes())
    for parameter in head.decoder.parameters():
        parameter.grad = torch.ones_like(parameter)
    head.optimizer.step()
    return head


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    head = new_head()
    head.started_from = "vgg16-block1-linear 0123"
    head.progress.history.append({"step": 2, "loss": 0.5})
    path = tmp_path_factory.mktemp("run") / "state-vgg16-imagenet.safetensors"
    save_state(path, 3, IDENTITY, [head])
    return path, head


@pytest.fixture
def path(saved):
    """The state file; it is as it was after the test."""
    path, _ = saved
    before = path.read_bytes()
    yield path
    path.rmdir() if path.is_dir() else path.unlink()
    path.write_bytes(before)


def test_what_was_saved_comes_back(saved):
    path, before = saved
    head = new_head(seed=1)
    assert load_state(path, IDENTITY, [head], CPU) == 3
    assert (head.progress, head.started_from) == (before.progress, before.started_from)
    for now, then in ((head.decoder, before.decoder), (head.optimizer, before.optimizer)):
        assert all(torch.equal(a, b) for a, b in zip(tensors(now), tensors(then), strict=True))


def tensors(part) -> list[torch.Tensor]:
    if isinstance(part, torch.optim.Optimizer):
        slots = part.state_dict()["state"]
        return [slots[number][name] for number in sorted(slots) for name in sorted(slots[number])]
    return list(part.state_dict().values())


def flip(path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def with_text(path, change) -> None:
    """Change what the file says, in a way that leaves it a safetensors file."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    metadata["training"] = json.dumps(change(json.loads(metadata["training"])))
    save_file(load_file(path), path, metadata)


def become_a_folder(path) -> None:
    path.unlink()
    path.mkdir()


def lose_a_tensor(path) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    kept = load_file(path)
    kept.popitem()
    save_file(kept, path, metadata)


CHECKPOINT = next((BUNDLED / "decoders").glob("vgg16-*.safetensors"))
DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "no safetensors": lambda path: path.write_bytes(b"not what was written" * 100),
    "a checkpoint": lambda path: path.write_bytes(CHECKPOINT.read_bytes()),
    "a folder": become_a_folder,
    "a tensor lost": lose_a_tensor,
    "another step": lambda path: with_text(path, lambda text: text | {"step": 99}),
    "nonsense in the text": lambda path: with_text(path, lambda text: []),
} | {f"a bit flipped at {place}": lambda path, place=place: flip(path, place) for place in (0, 0.01, 0.5, 1)}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_state_is_said_in_one_sentence_and_changes_nothing(saved, path, kind):
    DAMAGE[kind](path)
    head = new_head(seed=1)
    before = [tensor.clone() for tensor in tensors(head.decoder)]
    with pytest.raises(DamagedState) as error:
        load_state(path, IDENTITY, [head], CPU)
    assert str(error.value) == f"{path.name} is damaged: start without --resume."
    assert all(torch.equal(a, b) for a, b in zip(before, tensors(head.decoder), strict=True))


def test_state_of_another_run_is_refused(saved):
    path, head = saved
    with pytest.raises(UserError, match="another recipe, decoders or photos"):
        load_state(path, IDENTITY | {"recipe": {"seed": 7}}, [head], CPU)


def test_state_of_another_version_is_refused(saved, tmp_path, monkeypatch):
    path, head = saved
    with monkeypatch.context() as patch:
        patch.setattr(state, "FORMAT", 99)
        save_state(tmp_path / "newer.safetensors", 3, IDENTITY, [head])
    larger = Head(replace(CONFIGURATION, layer="block3"), Recipe(), Processes())
    larger.configuration = CONFIGURATION
    for where, into in [(tmp_path / "newer.safetensors", head), (path, larger)]:
        with pytest.raises(DamagedState, match="another version of this program: start without --resume"):
            load_state(where, IDENTITY, [into], CPU)
