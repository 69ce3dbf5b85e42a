import pytest

from explorer.configurations import Configuration
from explorer.recovering import suited


@pytest.mark.parametrize(
    ("architecture", "layer", "weights", "prior"),
    [
        ("efficientnet_lite0", "stage5", "imagenet", "decoder"),  # its decoder for features draws the shapes
        ("efficientnet_lite0", "stage5", "random", "network"),
        ("resnet34", "layer4", "imagenet", "network"),
        ("alexnet", "conv5", "imagenet", "decoder"),
        ("vgg16", "block1", "imagenet", "pixels"),
    ],
)
def test_without_a_prior_the_layer_and_its_decoders_decide(explorer, architecture, layer, weights, prior):
    asked = Configuration(architecture, layer, weights=weights)
    assert suited(explorer.engine, asked).prior == prior


def test_a_prior_that_is_asked_for_gets_the_settings_that_suit_it(explorer):
    asked = Configuration("efficientnet_lite0", "stage5")
    assert suited(explorer.engine, asked, "network").prior == "network"
    assert suited(explorer.engine, asked, "pixels").prior == "pixels"
