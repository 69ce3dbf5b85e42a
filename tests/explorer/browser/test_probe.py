"""The probe that a graphics card has to pass is what the encoder makes of a fixed picture."""

import pytest

from explorer.browser.probe import probe_photo, probes
from explorer.configurations import Configuration


def test_probe_photo_is_made_of_slopes_and_squares():
    photo = probe_photo()
    assert photo.shape == (1, 3, 224, 224)
    assert photo[0, 1, 40, 70].item() == pytest.approx((3 * 70 + 2 * 40 + 61 * 2 * (2 + 1)) % 256 / 255)


def test_an_encoder_is_probed_at_the_deepest_layer_on_offer(explorer):
    offered = [Configuration("alexnet", layer, "linear", "mse") for layer in ("conv1", "conv2", "conv1")]
    [[name, probe]] = probes(offered, explorer).items()
    assert (name, probe["layer"]) == ("alexnet-imagenet", "conv2")
    features = explorer.engine.encoder("alexnet", "imagenet")(probe_photo(), ["conv2"])["conv2"].flatten()
    assert probe["features"] == pytest.approx(features[:: probe["step"]].tolist(), abs=1e-5)
    assert 64 <= len(probe["features"]) < 70
