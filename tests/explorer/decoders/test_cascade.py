import pytest
import torch

from explorer.checkpoints.files import (
    CheckpointError,
    Header,
    build_decoder,
    load_decoder,
    read_header,
    save_checkpoint,
)
from explorer.configurations import Configuration, before_it
from explorer.decoders.cascade import Cascade
from explorer.decoders.upsample_conv import UpsampleConv
from explorer.encoders.frozen import FINGERPRINT_LENGTH
from explorer.encoders.networks import Layer
from explorer.errors import UserError

STAGE5 = Configuration("efficientnet_lite0", "stage5", "upsample_conv", "features")
SMALL = Layer("own", 12, 7, 224), Layer("before", 8, 14, 100)


@pytest.mark.parametrize(
    ("architecture", "layer"),
    [
        ("vgg16", "block5"),
        ("efficientnet_lite0", "stage5"),
        ("resnet34", "layer4"),
        ("alexnet", "conv5"),
        ("dinov2_small", "block11"),
    ],
)
def test_cascade_draws_a_photo_with_less_than_four_million_parameters(architecture, layer):
    decoder = build_decoder(Configuration(architecture, layer, "upsample_conv", "features"), "before").eval()
    assert isinstance(decoder, Cascade)
    photo = decoder(torch.randn(1, decoder.channels, decoder.size, decoder.size))
    assert photo.shape == (1, 3, 224, 224)
    assert photo.min() >= 0 and photo.max() <= 1
    assert sum(p.numel() for p in decoder.parameters()) < 4_000_000


@pytest.mark.parametrize(
    ("layer", "before", "linear"),
    [
        (("vgg16", "block5"), "block4", True),
        (("dinov2_small", "block11"), "block8", False),
        (("vit_base", "block1"), "block0", False),
    ],
)
def test_in_a_vision_transformer_it_guesses_three_blocks_back_and_paints_without_a_map(layer, before, linear):
    configuration = Configuration(*layer, "upsample_conv", "features")
    assert before_it(configuration).layer == before
    painter = build_decoder(configuration, "before").painter
    assert (painter.linear is not None) == linear


def test_cascade_draws_grids_of_other_shapes():
    assert Cascade(*SMALL).eval()(torch.randn(1, 12, 5, 9), size=100).shape == (1, 3, 100, 100)


def test_what_it_guesses_is_what_the_decoder_of_the_layer_before_draws(monkeypatch):
    torch.manual_seed(0)
    decoder, painter = Cascade(*SMALL).eval(), UpsampleConv(8, 14).eval()
    painter.set_statistics(torch.arange(8.0), torch.full((8,), 2.0))
    decoder.start_from(painter)
    features, photos01 = torch.randn(1, 12, 7, 7), torch.rand(1, 3, 224, 224)
    guessed = decoder.guess(features)[0] * painter.feature_std + painter.feature_mean
    alone = UpsampleConv(8, 14, patches=False).eval()
    alone.start_from(painter)
    monkeypatch.setattr("explorer.decoders.cascade.MOVED", 0.0)
    assert torch.allclose(decoder(features), alone(guessed), atol=1e-5)
    right, wrong = (decoder.guess_error(features, guessed + by, photos01) for by in (0.0, 2.0))
    assert (wrong - right).item() == pytest.approx(1.0, abs=1e-4)


def test_its_colours_are_moved_half_way_to_those_that_are_read_off():
    decoder, features = Cascade(*SMALL).eval(), torch.randn(1, 12, 7, 7)
    for values in decoder.painter.parameters():
        torch.nn.init.zeros_(values)  # it paints black
    torch.nn.init.zeros_(decoder.colour.weight)
    decoder.colour.bias.data = torch.tensor([0.2, 0.4, 0.6])
    drawn = decoder(features)
    assert torch.allclose(drawn, torch.tensor([0.1, 0.2, 0.3]).reshape(1, 3, 1, 1).expand_as(drawn))
    photos01 = 2 * drawn
    right, wrong = (decoder.guess_error(features, decoder.guess(features)[0], x) for x in (photos01, drawn))
    assert right < 1e-6 < (wrong - right).item()


def test_a_search_changes_the_guess_and_the_painter():
    decoder = Cascade(*SMALL)
    torch.nn.init.normal_(decoder.painter.tail.weight)
    decoder.draw(torch.randn(1, 12, 7, 7)).sum().backward()
    assert decoder.painter.tail.weight.grad is not None
    assert decoder.fine[-1].weight.grad is not None
    assert decoder.colour.weight.grad is not None


def test_checkpoint_of_a_cascade_is_read_again(tmp_path):
    decoder = build_decoder(STAGE5, "before").eval()
    header = Header(STAGE5, [0.5] * FINGERPRINT_LENGTH, {"start": "before"})
    path = save_checkpoint(tmp_path, decoder, header)
    features = torch.randn(1, 320, 7, 7)
    assert torch.allclose(load_decoder(path)(features), decoder(features), atol=1e-2)


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        (Configuration("vgg16", "block1", "upsample_conv", "features"), "no layer before block1"),
        (Configuration("vgg16", "block5", "wavelet", "features"), "start 'before' is for upsample_conv"),
    ],
)
def test_cascade_where_none_leads_is_refused(tmp_path, configuration, said):
    with pytest.raises(UserError, match=said):
        build_decoder(configuration, "before")
    header = Header(configuration, [0.5] * FINGERPRINT_LENGTH, {"start": "before"})
    path = save_checkpoint(tmp_path, build_decoder(configuration), header)
    with pytest.raises(CheckpointError, match=rf"^{path.name}: .*{said}"):
        read_header(path)
