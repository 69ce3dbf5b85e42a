"""The stages of what is done are told to whoever asked, with their seconds."""

from explorer import Explorer
from explorer.stages import stage, telling
from explorer.wanted import NotWanted


def test_the_stages_of_a_reconstruction_are_told_and_only_inside_of_the_block(cat):
    explorer, told = Explorer(device="cpu"), []
    asked = {"architecture": "alexnet", "layer": "conv1", "decoder": "linear"}
    with telling(lambda name, seconds: told.append((name, seconds >= 0))):
        explorer.reconstruct(cat, **asked)
    assert {name for name, _ in told} >= {"photo", "encode", "load", "decode", "measure"}
    assert all(counted for _, counted in told)
    before = len(told)
    explorer.reconstruct(cat, **asked)
    assert len(told) == before


def test_a_stage_that_ends_early_is_told_too():
    told = []
    try:
        with telling(lambda name, seconds: told.append(name)), stage("search"):
            raise NotWanted("left")
    except NotWanted:
        pass
    assert told == ["search"]
