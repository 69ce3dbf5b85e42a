"""Any timm model: layers, sizes and normalisation of many families, on control weights."""

import pytest
import torch

from explorer import Explorer, UserError
from explorer.configurations import Configuration
from explorer.encoders import timm_models
from explorer.encoders.frozen import FrozenEncoder
from explorer.encoders.table import encoder_spec

# id, number of layers, first layer as (name, channels, size), input size
FAMILIES = {
    "ConvNeXt": ("convnext_atto", 4, ("stage1", 40, 56), 224),
    "Swin": ("swin_tiny_patch4_window7_224", 4, ("stage1", 96, 56), 224),
    "RegNet": ("regnety_002", 5, ("stage1", 32, 112), 224),
    "MobileNetV3": ("mobilenetv3_small_050", 5, ("stage1", 16, 112), 224),
    "EfficientNet": ("efficientnet_b0", 5, ("stage1", 16, 112), 224),
    "MaxViT": ("maxvit_rmlp_pico_rw_256", 5, ("stage1", 32, 128), 256),
    "DeiT": ("deit_tiny_patch16_224", 12, ("block0", 192, 14), 224),
    "patch-14 ViT": ("eva02_tiny_patch14_224", 12, ("block0", 192, 16), 224),
    "ResNeSt": ("resnest14d", 5, ("stage1", 64, 112), 224),
    "DenseNet": ("densenet121", 5, ("stage1", 64, 112), 224),
    "MLP-Mixer": ("mixer_s32_224", 8, ("block0", 512, 7), 224),
    "XCiT": ("xcit_nano_12_p8_224", 12, ("block0", 128, 28), 224),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_of_many_families_has_the_shape_that_was_announced(family, examples01):
    model_id, count, first, size = FAMILIES[family]
    encoder = FrozenEncoder(f"timm:{model_id}", "random")
    layers = encoder.spec.layers
    assert (len(layers), encoder.spec.input_size) == (count, size)
    assert (layers[0].name, layers[0].channels, layers[0].size) == first
    features = encoder(examples01[:1], encoder.spec.layer_names)
    for layer in layers:
        assert features[layer.name].shape == (1, layer.channels, layer.size, layer.size)
        assert torch.isfinite(features[layer.name]).all() and features[layer.name].std() > 0


def test_normalisation_is_the_models_own():
    assert encoder_spec("timm:mobilenetv3_small_050").mean == (0.485, 0.456, 0.406)
    assert encoder_spec("timm:vit_tiny_patch16_224").mean == (0.5, 0.5, 0.5)


def test_linear_decoder_is_made_at_once(cat):
    asked = Configuration("timm:convnext_atto", "stage1", "linear", weights="random")
    found = Explorer(device="cpu").reconstruct(cat, asked)
    assert found.fitted_on == 6
    assert found.metrics.psnr > 20


def test_unknown_id_gets_the_nearest_names():
    with pytest.raises(UserError, match="convnext_tiny") as error:
        encoder_spec("timm:convnext_tyni")
    assert "convnext_tyni" in str(error.value)


def test_model_without_features_by_position_is_named(monkeypatch):
    import timm

    monkeypatch.setattr(
        timm.models.vision_transformer.VisionTransformer,
        "forward_intermediates",
        lambda self, x, **options: [torch.empty(1, 192)],
    )
    with pytest.raises(UserError, match="no features by position"):
        timm_models.timm_spec.__wrapped__("vit_tiny_patch16_224")


def test_model_that_cannot_give_features_is_named(monkeypatch):
    import timm

    def refuse(*arguments, **options):
        raise RuntimeError("not made for this")

    monkeypatch.setattr(timm.models.convnext.ConvNeXt, "forward_intermediates", refuse)
    with pytest.raises(UserError, match="gives no features of its layers"):
        timm_models.timm_spec.__wrapped__("convnext_atto")


def test_model_larger_than_the_memory_is_refused_with_its_size_before_it_is_built(monkeypatch):
    monkeypatch.setattr(timm_models, "free_memory", lambda: 4_000_000_000)
    with pytest.raises(UserError, match=r"vit_giant_patch14_dinov2 needs 9\.1 GB .* 4\.0 GB are free"):
        timm_models.timm_spec.__wrapped__("vit_giant_patch14_dinov2")


def test_free_memory_is_within_a_containers_limit(monkeypatch, tmp_path):
    whole = timm_models.free_memory()
    assert 1e8 < whole < 1e14
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    monkeypatch.setattr(timm_models, "CGROUP", tmp_path)
    assert timm_models.free_memory() == 2_000_000


def test_model_without_trained_weights_says_so():
    encoder = FrozenEncoder("timm:convnext_atto_rms")
    with pytest.raises(UserError, match=r"no trained weights of timm:convnext_atto_rms .* random weights"):
        encoder(torch.rand(1, 3, 224, 224), ["stage1"])


def test_ids_are_those_of_the_installed_library():
    ids = timm_models.timm_ids()
    assert len(ids) > 1000 and "resnet18" in ids
