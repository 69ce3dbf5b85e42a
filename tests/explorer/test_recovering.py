from dataclasses import replace

import pytest

from explorer.configurations import Configuration
from explorer.recovering import suited

STAGE5 = Configuration("efficientnet_lite0", "stage5")


@pytest.mark.parametrize(
    ("architecture", "layer", "prior"),
    [("resnet34", "layer4", "network"), ("alexnet", "conv5", "decoder"), ("vgg16", "block1", "pixels")],
)
def test_without_a_prior_the_layer_decides(explorer, architecture, layer, prior):
    assert suited(explorer.engine, Configuration(architecture, layer)).prior == prior


@pytest.mark.parametrize(("loss", "prior"), [("features", "decoder"), ("mse", "network")])
def test_at_7x7_the_weights_of_a_decoder_for_features_are_changed(explorer, monkeypatch, loss, prior):
    ready = replace(STAGE5, decoder="upsample_conv", loss=loss)
    monkeypatch.setattr(explorer.engine, "ready_beside", lambda asked: [ready])
    assert suited(explorer.engine, STAGE5).prior == prior


def test_a_prior_that_is_asked_for_gets_the_settings_that_suit_it(explorer):
    assert suited(explorer.engine, STAGE5, "network").prior == "network"
    assert suited(explorer.engine, STAGE5, "pixels").prior == "pixels"
