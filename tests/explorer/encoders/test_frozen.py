import pytest
import timm
import torch
import torchvision
from torch import nn

from explorer.encoders.frozen import FrozenEncoder, same_fingerprint
from explorer.encoders.table import ENCODERS
from explorer.encoders.weights import weight_source
from explorer.errors import UserError
from explorer.folders import BUNDLED

BLOCKS = ["block1", "block2", "block3", "block4", "block5"]


@pytest.fixture(scope="module")
def vgg16() -> FrozenEncoder:
    return FrozenEncoder("vgg16")


@pytest.mark.parametrize("architecture", ENCODERS)
def test_one_pass_gives_every_layer_in_the_tables_shape(architecture, examples01):
    spec = ENCODERS[architecture]
    encoder = FrozenEncoder(architecture, "imagenet" if spec.bundled else "random")
    features = encoder(examples01[:1], spec.layer_names)
    expected = {layer.name: (layer.channels, layer.size, layer.size) for layer in spec.layers}
    assert {layer: tuple(f.shape[1:]) for layer, f in features.items()} == expected


def test_vgg16_blocks_have_the_published_shapes():
    shapes = [(layer.name, layer.channels, layer.size) for layer in ENCODERS["vgg16"].layers]
    assert shapes == list(zip(BLOCKS, [64, 128, 256, 512, 512], [112, 56, 28, 14, 7], strict=True))


@pytest.mark.parametrize(
    "architecture, layer",
    [("vgg16", "block3"), ("alexnet", "conv2"), ("alexnet", "conv5"), ("efficientnet_lite0", "stage3")],
)
def test_the_middle_position_sees_as_much_of_the_photo_as_the_table_says(architecture, layer):
    encoder, row = FrozenEncoder(architecture), ENCODERS[architecture].layer(layer)
    noise = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0)).requires_grad_()
    features = encoder.differentiable(noise, [layer])[layer]
    features[0, :, row.size // 2, row.size // 2].square().sum().backward()
    seen = noise.grad[0].abs().sum(dim=0) > 0
    for line in (seen.any(dim=0), seen.any(dim=1)):
        assert line.nonzero().max() - line.nonzero().min() + 1 == row.field


def test_only_the_convolutions_that_are_needed_are_loaded(examples01):
    encoder = FrozenEncoder("vgg16")
    assert encoder.backbone.loaded_convolutions == 0
    encoder(examples01[:1], ["block2"])
    assert encoder.backbone.loaded_convolutions == 4
    encoder(examples01[:1], ["block1"])
    assert encoder.backbone.loaded_convolutions == 4
    encoder(examples01[:1], ["block5"])
    assert encoder.backbone.loaded_convolutions == 13


def test_asking_for_several_layers_gives_the_same_features_as_one_by_one(vgg16, examples01):
    together = vgg16(examples01[:1], ["block4", "block1"])
    assert set(together) == {"block1", "block4"}
    for layer, features in together.items():
        assert torch.equal(features, vgg16(examples01[:1], [layer])[layer])


def test_a_stack_of_convolutions_goes_on_from_what_is_known_of_the_photo(vgg16, examples01):
    known = vgg16(examples01[:1], ["block1", "block3"])
    whole = vgg16(examples01[:1], ["block2", "block4", "block5"])
    for layers, begun in ((["block4", "block5"], "block3"), (["block2", "block4"], "block1")):
        other = {**known, begun: torch.zeros_like(known[begun])}
        black, found = (vgg16(examples01[:1], layers, given) for given in (other, known))
        for layer in layers:
            assert torch.equal(found[layer], whole[layer])
            assert not torch.equal(black[layer], whole[layer])  # nothing shallower was computed again


@pytest.mark.parametrize(("architecture", "deepest"), [("vgg16", "block5"), ("alexnet", "conv5")])
def test_features_equal_torchvisions_network_with_the_same_weights(architecture, deepest, examples01):
    network = getattr(torchvision.models, architecture)(weights=None).features.eval()
    if deepest == "conv5":
        network = network[:-1]  # the layer is read before the last max-pool
    read = weight_source(architecture).read
    for index, module in enumerate(network):
        if isinstance(module, nn.Conv2d):
            module.weight.data = read(f"features.{index}.weight", tuple(module.weight.shape))
            module.bias.data = read(f"features.{index}.bias", tuple(module.bias.shape))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = network((examples01[:2] - mean.reshape(3, 1, 1)) / std.reshape(3, 1, 1))
    assert torch.allclose(
        FrozenEncoder(architecture)(examples01[:2], [deepest])[deepest], expected, atol=1e-3
    )


def test_a_normalised_photo_is_refused(vgg16, examples01):
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        vgg16((examples01[:1] - 0.485) / 0.229, ["block1"])
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        vgg16(torch.full((1, 3, 64, 64), float("nan")), ["block1"])


def test_unknown_names_list_the_allowed_ones(vgg16, examples01):
    with pytest.raises(UserError, match="block1, block2, block3, block4, block5"):
        vgg16(examples01[:1], ["block9"])
    with pytest.raises(UserError, match="unknown architecture 'vgg17' .did you mean vgg16"):
        FrozenEncoder("vgg17")


def test_fingerprint_tells_trained_from_random_weights_and_layers_apart(vgg16):
    trained = vgg16.fingerprint("block2")
    assert same_fingerprint(trained, FrozenEncoder("vgg16").fingerprint("block2"))
    assert not same_fingerprint(trained, FrozenEncoder("vgg16", "random").fingerprint("block2"))
    assert not same_fingerprint(trained, vgg16.fingerprint("block3"))


def test_fingerprint_notices_one_changed_convolution(tmp_path, vgg16):
    from safetensors.torch import load_file, save_file

    tensors = load_file(BUNDLED / "encoders/vgg16.safetensors")
    tensors["features.2.weight"] *= 1.05
    (tmp_path / "encoders").mkdir()
    save_file(tensors, tmp_path / "encoders/vgg16.safetensors")
    changed = FrozenEncoder("vgg16", folder=tmp_path)
    assert not same_fingerprint(changed.fingerprint("block1"), vgg16.fingerprint("block1"))


def test_random_control_needs_no_file_and_keeps_a_usable_signal(examples01):
    features = FrozenEncoder("vgg16", "random")(examples01[:1], ["block5"])["block5"]
    assert features.std() > 0.01
    assert torch.isfinite(features).all()


def normalised(architecture: str, photos01: torch.Tensor) -> torch.Tensor:
    spec = ENCODERS[architecture]
    mean, std = (torch.tensor(x).reshape(3, 1, 1) for x in (spec.mean, spec.std))
    return (photos01 - mean) / std


def test_efficientnet_lite0_names_what_is_in_the_example_photos(examples01):
    network = FrozenEncoder("efficientnet_lite0").backbone.network
    with torch.no_grad():
        best = network(normalised("efficientnet_lite0", examples01)).topk(5).indices
    names = timm.data.ImageNetInfo()
    found = [{names.index_to_description(index) for index in row.tolist()} for row in best]
    astronaut, cat, coffee, dahlia, pagoda, rocket = (" ".join(sorted(row)) for row in found)
    assert "tabby" in cat and "Egyptian cat" in cat
    assert "espresso" in coffee
    assert "missile" in rocket or "space shuttle" in rocket


@pytest.mark.parametrize(("index", "thing"), enumerate(["astronaut", "cat", "coffee", "dahlia"]))
def test_first_components_of_dinov2_separate_the_thing_from_the_background(examples01, index, thing):
    """What these photos show is in the middle. Principal components as in Oquab et al. 2023, figure 1."""
    tokens = FrozenEncoder("dinov2_small")(examples01[[index]], ["block11"])["block11"][0].flatten(1).T
    centred = tokens - tokens.mean(dim=0)
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:3]
    components = (centred @ directions.T).T.reshape(3, 16, 16)
    middle = torch.zeros(16, 16, dtype=torch.bool)
    middle[4:12, 4:12] = True
    border = torch.ones(16, 16, dtype=torch.bool)
    border[2:-2, 2:-2] = False
    gaps = [((c[middle].mean() - c[border].mean()) / c.std()).abs().item() for c in components]
    assert max(gaps) > 1, thing  # in standard deviations over the photo


@pytest.mark.parametrize("architecture", ["resnet34", "resnet50", "efficientnet_lite0"])
def test_random_batch_norms_have_the_statistics_of_the_probe(architecture, examples01):
    first, second = (FrozenEncoder(architecture, "random") for _ in range(2))
    norms = [m for m in first.backbone.network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(norm.running_var.min() > 0 for norm in norms)
    assert not torch.equal(norms[0].running_mean, torch.zeros_like(norms[0].running_mean))
    deepest = first.spec.layer_names[-1]
    features = first(examples01[:1], [deepest])[deepest]
    assert 0.05 < features.std() < 1000  # photos are far from the probe's noise
    assert torch.equal(features, second(examples01[:1], [deepest])[deepest])


def test_photos_that_do_not_fit_the_patches_are_refused():
    with pytest.raises(UserError, match=r"multiples of 14 pixels, not 100\."):
        FrozenEncoder("dinov2_small")(torch.rand(1, 3, 100, 100), ["block0"])


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "dinov2_small"])
def test_one_pass_stops_at_the_deepest_asked_layer(architecture, examples01):
    encoder = FrozenEncoder(architecture)
    shallow, deepest = encoder.spec.layer_names[0], encoder.spec.layer_names[-1]
    network = encoder.backbone.network
    last = list(network.blocks)[-1]
    calls = []
    last.register_forward_hook(lambda *_: calls.append(1))
    alone = encoder(examples01[:1], [shallow])[shallow]
    assert not calls
    together = encoder(examples01[:1], [shallow, deepest])
    assert calls == [1]
    assert torch.allclose(alone, together[shallow], atol=1e-5)
