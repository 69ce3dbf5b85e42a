import pytest
import torch
from torch import nn

from explorer.checkpoints.files import build_decoder
from explorer.configurations import Configuration, FusedConfiguration
from explorer.decoders import decoder_spec
from explorer.encoders.frozen import FrozenEncoder
from trainer.measuring.costs import decoder_costs, encoder_costs, multiply_adds, peak_memory


def costs(configuration, photo01):
    features, spent = encoder_costs(configuration.sources, configuration.weights, FrozenEncoder, photo01)
    decoder = build_decoder(configuration).eval()
    return decoder_costs(decoder, configuration.inputs(features)) | spent


def test_multiply_adds_of_a_convolution_are_counted_by_hand():
    conv = nn.Conv2d(4, 6, 3, padding=1)
    assert multiply_adds(lambda: conv(torch.zeros(1, 4, 10, 10))) == 4 * 6 * 9 * 100


def test_peak_memory_is_what_is_held_at_once():
    def hold_two():
        a = torch.zeros(2**20)
        b = torch.zeros(2**20)
        return a, b

    def one_after_the_other():
        for _ in range(4):
            torch.zeros(2**20)

    cpu = torch.device("cpu")
    assert peak_memory(hold_two, cpu) == 2 * 4 * 2**20
    assert peak_memory(one_after_the_other, cpu) == 4 * 2**20


def test_costs_of_a_decoder(examples01, capfd):
    configuration = Configuration("vgg16", "block1", "transposed_conv", "mse")
    found = costs(configuration, examples01[:1])
    assert found["parameters"] == 33_731
    # two 3x3 convolutions of 3 -> 64 -> 64 at 224 pixels
    assert found["encoder_multiply_adds"] == (3 * 64 + 64 * 64) * 9 * 224**2
    # 4x4 transposed 64 -> 32, every output pixel from four products; 3x3 to RGB
    assert found["multiply_adds"] == pytest.approx((64 * 32 * 4 + 32 * 3 * 9) * 224**2, rel=0.01)
    assert found["forward_passes"] == 1
    assert (
        found["milliseconds"] > 0 and found["encoder_milliseconds"] > 0 and 5 < found["peak_memory_mib"] < 100
    )
    assert capfd.readouterr().err == ""


def test_costs_of_an_ensemble_count_every_encoder_once(examples01):
    places = (("vgg16", "block1"), ("vgg16", "block2"), ("alexnet", "conv1"))
    configuration = FusedConfiguration(places, "concat", "transposed_conv", "mse")
    found = costs(configuration, examples01[:1])
    alone = [costs(single, examples01[:1]) for single in map(configuration.single, places)]
    assert found["forward_passes"] == 2
    deepest = (alone[1], alone[2])  # block2's pass goes through block1
    assert found["encoder_multiply_adds"] == sum(one["encoder_multiply_adds"] for one in deepest)
    assert found["parameters"] > alone[0]["parameters"]


def test_attention_at_vgg16_block1_stays_far_below_two_gigabytes():
    decoder = decoder_spec("attention").build(64, 112).eval()
    assert decoder.merge == 2  # 12,544 positions are merged to 3,136 tokens
    features = torch.randn(1, 64, 112, 112)
    with torch.inference_mode():
        assert peak_memory(lambda: decoder(features), features.device) < 200 * 2**20
