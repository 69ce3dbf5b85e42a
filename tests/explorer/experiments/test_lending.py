"""Searches on a lent GPU, with a stand-in of `spaces` that pickles what passes, as the real one does."""

import importlib
import pickle
import sys
from types import SimpleNamespace

import pytest
import torch

from explorer.encoders.devices import choose_device
from explorer.encoders.frozen import FrozenEncoder
from explorer.experiments import lending
from explorer.experiments.inversion import Target, invert
from explorer.experiments.settings import Settings

SETTINGS = Settings(steps=2, start="noise")


def through_a_pipe(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.fixture
def lent(monkeypatch):
    """The module as on a Space that lends a GPU (here the CPU), and the seconds that it was asked for."""
    asked = []

    def gpu(duration):
        def decorate(task):
            def run(*arguments):
                asked.append(duration(*arguments))
                yield from map(through_a_pipe, task(*map(through_a_pipe, arguments)))

            return run

        return decorate

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu, __spec__=SimpleNamespace()))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    found = importlib.reload(lending)
    monkeypatch.setattr(found, "GPU", "cpu")
    yield found, asked
    monkeypatch.undo()
    importlib.reload(lending)


def test_without_it_a_search_is_what_it_was():
    assert lending.search is invert


def test_a_search_runs_where_the_gpu_is_lent_and_finds_the_same(lent, examples01):
    module, asked = lent
    encoder = FrozenEncoder("alexnet")
    target = Target(encoder, "conv1", encoder(examples01[:1], ["conv1"])["conv1"])
    *_, expected = invert(target, SETTINGS)
    *_, found = module.search(target, SETTINGS, None, None)
    assert torch.equal(found.photo01, expected.photo01) and found.done
    assert asked == [lending.MOST_SECONDS]


def test_everything_else_stays_on_the_cpu(lent, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # as the package says
    assert choose_device() == torch.device("cpu")
