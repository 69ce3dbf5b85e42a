"""Choices: only what is ready is offered; what is not becomes the nearest that is, with a sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration
from explorer.decoders import decoder_spec
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.ui.choices import DEFAULT, selector_choices, settle


def catalogue(*ready: Configuration) -> Catalogue:
    return Catalogue({configuration: Path("unread") for configuration in ready}, [])


LINEAR = [Configuration("vgg16", f"block{i}", "linear", "mse") for i in range(1, 6)]
READY = catalogue(*LINEAR, DEFAULT)
NOT_READY = f"{decoder_spec(DEFAULT.decoder).title} is not ready here: this is Linear map."


def test_what_is_ready_stays_as_it_is_without_a_word():
    assert settle(READY, DEFAULT) == (DEFAULT, "")


def test_a_decoder_that_a_layer_lacks_becomes_one_it_has_and_the_page_says_so():
    found, note = settle(READY, replace(DEFAULT, layer="block4"))
    assert found == Configuration("vgg16", "block4", "linear", "mse")
    assert note == NOT_READY


@pytest.mark.parametrize(
    ("wanted", "decoder"),
    [
        (Configuration("alexnet", "conv1", "wavelet", "mse"), "pixel_shuffle"),
        (Configuration("vgg16", "block1", "pixel_shuffle", "mse", "random"), "linear"),
        (Configuration("vgg16", "block3", "pixel_shuffle", "mse", "random"), "transposed_conv"),
    ],
)
def test_a_decoder_that_a_layer_lacks_becomes_the_best_that_was_measured_there(explorer, wanted, decoder):
    found, _ = settle(explorer.catalogue(), wanted, explorer.results())
    assert found == replace(wanted, decoder=decoder)


def test_the_page_opens_in_the_middle_of_a_network_on_the_best_decoder_there(explorer):
    ready = [c for c in explorer.catalogue().single if c.weights == DEFAULT.weights]
    here = [c for c in ready if c.sources == DEFAULT.sources]
    assert explorer.results().preferred(here) == DEFAULT
    assert DEFAULT.layer == encoder_spec(DEFAULT.architecture).layer_names[2]


def test_the_linear_map_has_only_the_mse_loss_and_the_page_says_why():
    found, note = settle(READY, replace(DEFAULT, decoder="linear", loss="hybrid"))
    assert found.loss == "mse"
    assert note == "Linear map is solved exactly, for one loss only: MSE."


def test_a_loss_that_is_not_trained_becomes_the_default_one():
    found, note = settle(READY, replace(DEFAULT, loss="lpips"))
    assert found == DEFAULT
    assert "another loss: features" in note.replace("Features", "features")


@pytest.mark.parametrize("field", ["architecture", "layer", "decoder", "loss", "weights"])
def test_a_name_nobody_knows_becomes_one_that_can_be_shown(field):
    found, note = settle(READY, replace(DEFAULT, **{field: "<b>nonsense</b>"}))
    assert found in READY.entries
    assert note


def test_a_layer_that_is_not_ready_becomes_the_one_at_the_same_relative_depth():
    some = catalogue(*LINEAR[:3])
    assert settle(some, Configuration("vgg16", "block5", "linear", "mse"))[0].layer == "block3"


def test_random_weights_fall_back_to_trained_ones():
    found, note = settle(READY, replace(DEFAULT, weights="random"))
    assert found == DEFAULT
    assert note == "What is ready of VGG16: trained weights."


def test_without_any_checkpoint_the_linear_decoder_is_offered_everywhere():
    nothing_ready = Catalogue({}, [], on_the_spot=True)
    found, note = settle(nothing_ready, DEFAULT)
    assert found == replace(DEFAULT, decoder="linear", loss="mse")
    assert note == NOT_READY
    offered = selector_choices(nothing_ready, replace(found, architecture="resnet34", layer="layer2"))
    assert [name for _, name in offered["architecture"]] == list(ENCODERS)
    assert [name for _, name in offered["layer"]] == ["layer1", "layer2", "layer3", "layer4"]


def test_a_timm_model_is_kept_and_offered_while_it_is_chosen():
    catalogue = Catalogue({}, [], on_the_spot=True)
    found, _ = settle(catalogue, replace(DEFAULT, architecture="timm:convnext_atto"))
    assert (found.architecture, found.layer) == ("timm:convnext_atto", "stage3")
    assert selector_choices(catalogue, found)["architecture"][-1] == (
        "convnext_atto (timm) – needs a download",
        "timm:convnext_atto",
    )
    assert len(selector_choices(catalogue, DEFAULT)["architecture"]) == len(ENCODERS)


def test_a_network_whose_weights_are_not_here_says_so_and_its_control_needs_none():
    everything = Catalogue({}, [], on_the_spot=True)
    names = {value: name for name, value in selector_choices(everything, DEFAULT)["architecture"]}
    assert names["vgg16"] == "VGG16"
    assert names["resnet34"] in ("ResNet-34 – needs a download", "ResNet-34")  # or it is in the Hub's cache
    random = selector_choices(everything, replace(DEFAULT, weights="random"))["architecture"]
    assert not any("download" in name for name, _ in random)


def test_selectors_offer_only_what_is_ready():
    offered = selector_choices(READY, LINEAR[1])
    assert [name for _, name in offered["layer"]] == ["block1", "block2", "block3", "block4", "block5"]
    assert [name for _, name in offered["decoder"]] == ["linear"]
    assert [name for _, name in offered["loss"]] == ["mse"]
    assert [name for _, name in offered["weights"]] == ["imagenet"]


def test_a_layer_says_how_many_channels_it_has_and_how_large_they_are():
    assert selector_choices(READY, DEFAULT)["layer"][0] == ("block1 – 64 channels, 112×112", "block1")


def test_the_control_is_offered_once_it_is_ready():
    control = Configuration("vgg16", "block1", "linear", "mse", "random")
    assert [name for _, name in selector_choices(catalogue(*READY.entries, control), DEFAULT)["weights"]] == [
        "imagenet",
        "random",
    ]
