"""Ensembles on real weights: what several layers bring back together, and what each of them brings."""

import json

import numpy as np
import pytest
import torch

from explorer import UserError
from explorer.__main__ import main
from explorer.configurations import FusedConfiguration
from explorer.folders import BUNDLED
from explorer.measures.metrics import measure
from explorer.photos.tensors import to_tensor

SHALLOW = (
    ("vgg16", "block1"),
    ("alexnet", "conv1"),
    ("efficientnet_lite0", "stage1"),
    ("dinov2_small", "block0"),
)
DEEP = [
    ("vgg16", "block5"),
    ("alexnet", "conv5"),
    ("efficientnet_lite0", "stage5"),
    ("dinov2_small", "block11"),
]
DEPTHS = [("vgg16", f"block{number}") for number in (1, 3, 5)]
BLOCKS = [("dinov2_small", f"block{number}") for number in (2, 5, 8, 11)]


@pytest.mark.parametrize("fusion", ["weighted", "attention", "concat"])
@pytest.mark.parametrize("decoder", ["transposed_conv", "pixel_shuffle"])
def test_bundled_ensembles_are_ready_and_measured(explorer, fusion, decoder):
    configuration = explorer.catalogue().find(FusedConfiguration(SHALLOW, fusion, decoder, "mse"))
    row = explorer.results().row(configuration)
    assert [lost.place for lost in row.lost] == list(configuration.sources)
    assert row.gain.ci95[0] < row.gain.psnr < row.gain.ci95[1]


@pytest.mark.parametrize(
    ("sources", "decoder", "loss"),
    [
        (DEEP, "pixel_shuffle", "mse"),
        (DEPTHS, "pixel_shuffle", "mse"),
        (BLOCKS, "upsample_conv", "features"),
    ],
)
def test_deep_and_multi_layer_configurations_are_ready_and_measured(explorer, sources, decoder, loss):
    configuration = explorer.catalogue().find(FusedConfiguration(tuple(sources), "concat", decoder, loss))
    assert explorer.results().row(configuration).mean["psnr"] > 10


def test_the_best_ensemble_is_at_least_as_good_as_its_best_source(explorer):
    gains = [
        explorer.results().row(c).gain.ci95[0]
        for c in explorer.catalogue().fused
        if set(c.sources) == set(SHALLOW) and c.decoder == "pixel_shuffle"
    ]
    assert max(gains) >= 0


def test_what_each_source_brings_is_measured_on_the_same_photo(explorer, cat):
    found = explorer.ensemble(cat, FusedConfiguration(tuple(SHALLOW), "attention", "pixel_shuffle", "mse"))
    assert [x.place for x in found.contributions] == list(SHALLOW)
    alone = explorer.reconstruct(cat, decoder="pixel_shuffle", loss="mse")
    assert found.contributions[0].alone.figures == pytest.approx(alone.figures, rel=1e-6)
    assert found.best_alone.metrics.psnr == max(x.alone.metrics.psnr for x in found.contributions)
    weights = np.stack([x.attention for x in found.contributions])
    assert weights.shape == (4, 112, 112) and np.allclose(weights.sum(axis=0), 1, atol=1e-5)
    assert sum(x.weight for x in found.contributions) == pytest.approx(1)
    assert all(x.without.psnr <= found.result.metrics.psnr for x in found.contributions)
    shown = measure(to_tensor(found.result.reconstruction)[None], to_tensor(found.result.original)[None])[0]
    assert found.result.metrics.psnr == pytest.approx(shown.psnr, abs=0.1)


def test_sources_may_come_in_any_order(explorer, cat):
    first = explorer.ensemble(cat, FusedConfiguration(tuple(DEPTHS), "concat", "pixel_shuffle", "mse"))
    second = explorer.ensemble(cat, FusedConfiguration(tuple(DEPTHS[::-1]), "concat", "pixel_shuffle", "mse"))
    assert first.result.metrics == second.result.metrics
    assert first.contributions[0].attention is None and first.contributions[0].weight is None


def test_one_network_runs_once_for_several_layers(explorer, cat, monkeypatch):
    encoder, calls = explorer.engine.encoder("vgg16"), []
    forward = type(encoder).__call__

    def counted(self, photos01, layers, *known):
        if photos01.shape[-1] == 224:  # not the fingerprint's probe
            calls.append(list(layers))
        return forward(self, photos01, layers, *known)

    monkeypatch.setattr(type(encoder), "__call__", counted)
    flipped = explorer.photo(cat).photo01.flip(-1)
    photo = (flipped.permute(1, 2, 0) * 255).to(torch.uint8).numpy()
    explorer.ensemble(photo, FusedConfiguration(tuple(DEPTHS), "concat", "pixel_shuffle", "mse"))
    assert [len(layers) for layers in calls] == [3]


@pytest.mark.parametrize(
    ("sources", "fusion", "decoder", "said"),
    [
        ([("vgg16", "block1")], "concat", "linear", "two sources or more"),
        ([("vgg16", "block1")] * 2, "concat", "linear", "there twice"),
        ([("vgg16", "block1"), ("vgg17", "block2")], "concat", "linear", "unknown architecture"),
        (SHALLOW, "sum", "pixel_shuffle", "unknown fusion 'sum'.*weighted, attention, concat"),
        (SHALLOW, "concat", "wavelet", r"not trained yet. Ready with these sources: .*attention with pixel"),
        (
            DEPTHS,
            "weighted",
            "pixel_shuffle",
            "--source vgg16/block1 --source vgg16/block3 --source vgg16/block5 --fusion weighted",
        ),
    ],
)
def test_what_is_not_there_is_named(explorer, cat, sources, fusion, decoder, said):
    with pytest.raises(UserError, match=said):
        explorer.ensemble(cat, FusedConfiguration(tuple(sources), fusion, decoder, "mse"))


def test_command_line_reconstructs_from_several_sources(cat, tmp_path, capsys):
    sources = [part for place in DEPTHS for part in ("--source", "/".join(place))]
    chosen = ["--fusion", "concat", "--decoder", "pixel_shuffle", "--loss", "mse"]
    assert main(["reconstruct", str(cat), *sources, *chosen, "--out", str(tmp_path), "--json"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    found = json.loads(lines[-1])
    assert found["sources"] == [list(place) for place in DEPTHS] and found["fusion"] == "concat"
    assert "architecture" not in found and found["psnr"] > 30
    assert [x["source"] for x in found["contributions"]] == found["sources"]
    assert set(found["agreement"]["relative_feature_error"]) == {
        "vgg16/block1",
        "vgg16/block3",
        "vgg16/block5",
    }
    assert "vgg16/block5: alone" in lines[-2]
    assert (tmp_path / "reconstruction.png").exists()


def test_list_names_the_ensembles(explorer, capsys):
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert "concat of vgg16/block1 + vgg16/block3 + vgg16/block5: pixel_shuffle (mse, imagenet)" in printed
    assert main(["list", "--json"]) == 0
    ready = json.loads(capsys.readouterr().out)["ready"]
    assert sum("sources" in row for row in ready) == len(explorer.catalogue().fused)


def test_an_encoder_whose_weights_are_gone_is_named_and_the_others_go_on(cat, tmp_path, monkeypatch):
    from explorer import Explorer
    from explorer.encoders import weights

    (tmp_path / "encoders").mkdir()
    (tmp_path / "encoders" / "vgg16.safetensors").symlink_to(BUNDLED / "encoders" / "vgg16.safetensors")
    for name in ("decoders", "results.json"):
        (tmp_path / name).symlink_to(BUNDLED / name)
    monkeypatch.setattr(
        weights, "encoder_file", lambda name, folder=None: tmp_path / f"encoders/{name}.safetensors"
    )
    explorer = Explorer(tmp_path, device="cpu")
    with pytest.raises(UserError, match=r"encoder weights alexnet.safetensors are missing"):
        explorer.ensemble(cat, FusedConfiguration(tuple(SHALLOW), "concat", "pixel_shuffle", "mse"))
    assert (
        explorer.ensemble(
            cat, FusedConfiguration(tuple(DEPTHS), "concat", "pixel_shuffle", "mse")
        ).result.metrics.psnr
        > 20
    )
