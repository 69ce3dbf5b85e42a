"""Feature agreement: what networks see in a reconstruction, beside what they saw in the photo."""

import pytest
import torch

from explorer.encoders.table import ENCODERS
from explorer.measures.agreement import classify, relative_error


def test_a_photo_agrees_with_itself(explorer, cat):
    result = explorer.reconstruct(cat)
    same = type(result)(**(vars(result) | {"reconstruction": result.original}))
    found = explorer.agreement(same)
    assert list(found.errors) == ENCODERS["vgg16"].layer_names
    assert all(error == 0 for error in found.errors.values())
    assert found.original == found.reconstruction and found.same_guess


def test_the_better_reconstruction_agrees_better(explorer, cat):
    good, bad = (
        explorer.agreement(explorer.reconstruct(cat, layer=layer, decoder="pixel_shuffle", loss="mse"))
        for layer in ("block1", "block4")
    )
    assert all(good.errors[layer] < bad.errors[layer] for layer in good.errors)
    assert good.errors["block1"] < 0.3


def test_classifier_names_what_is_in_the_examples(explorer, examples01):
    classifier = explorer.engine.encoder("efficientnet_lite0")
    guesses = {name: classify(classifier, examples01[i : i + 1]) for i, name in ((1, "cat"), (2, "coffee"))}
    assert guesses["cat"][0].name in ("tiger cat", "Egyptian cat", "tabby")
    assert any(guess.name in ("espresso", "cup", "coffee mug") for guess in guesses["coffee"])
    for found in guesses.values():
        probabilities = [guess.probability for guess in found]
        assert len(found) == 5 and probabilities == sorted(probabilities, reverse=True)
        assert 0 < sum(probabilities) <= 1


def test_relative_error_is_a_ratio_of_norms():
    target = torch.tensor([[3.0, 4.0]])
    assert relative_error(torch.tensor([[3.0, 4.0]]), target) == 0
    assert relative_error(torch.zeros(1, 2), target) == pytest.approx(1)
    assert relative_error(target, torch.zeros(1, 2)) is None


def test_agreement_is_json_ready(explorer, cat):
    found = explorer.agreement(explorer.reconstruct(cat)).to_dict()
    assert found["classifier"] == "efficientnet_lite0"
    assert set(found["original"][0]) == {"name", "probability"}
