"""Downloads from the hub, against a local server; the client reads its address when it is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save

from explorer.encoders.networks import IMAGENET_MEAN, IMAGENET_STD
from explorer.encoders.table import ENCODERS, encoder_spec
from explorer.folders import BUNDLED
from tests.hub_server import serve

FROM_THE_HUB = ["resnet34", "vit_small", "pvt_v2_b2", "timm:convnext_atto"]
ENCODE = """
import sys
from safetensors.torch import load_file, save_file
from explorer.encoders.frozen import FrozenEncoder
photos, out, *architectures = sys.argv[1:]
for architecture in architectures:
    encoder = FrozenEncoder(architecture)
    features = encoder(load_file(photos)["photos01"], encoder.spec.layer_names)
    save_file({layer: found.contiguous() for layer, found in features.items()}, f"{out}/{architecture}")
"""


def run(arguments, address, cache, **more):
    environment = os.environ | {
        "HF_ENDPOINT": address,
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    environment |= {"EXPLORER_CACHE": str(cache), **more}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=120
    )


def made_up(architecture: str) -> tuple[timm.models.ResNet, str]:
    """A network with made-up weights in half precision, and the id of its repository on the hub."""
    torch.manual_seed(0)
    network = encoder_spec(architecture).network.build().half().float().eval()
    return network, network.pretrained_cfg["hf_hub_id"]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory, examples01):
    """Networks with made-up weights, and the folder of their features as encoders from the hub give them."""
    folder = tmp_path_factory.mktemp("encoded")
    networks = {architecture: made_up(architecture) for architecture in FROM_THE_HUB}
    files = {
        f"{repository}/model.safetensors": save(
            {name: tensor.half() for name, tensor in network.state_dict().items() if tensor.ndim}
        )
        for network, repository in networks.values()
    }
    (folder / "photos").write_bytes(save({"photos01": examples01[:1].contiguous()}))
    with serve(files) as hub:
        arguments = ["-c", ENCODE, folder / "photos", folder, *FROM_THE_HUB]
        found = run(arguments, hub.address, folder / "cache")
        assert found.returncode == 0, found.stderr
        fetched = {path for method, path, _ in hub.requests if method == "GET"}
        assert all(any(repository in path for path in fetched) for _, repository in networks.values())
        hub.requests.clear()
        assert run(arguments, hub.address, folder / "cache").returncode == 0
        assert not any(method == "GET" for method, _, _ in hub.requests)  # kept in the cache
    return {architecture: network for architecture, (network, _) in networks.items()}, folder


@pytest.mark.parametrize("architecture", FROM_THE_HUB)
def test_weights_come_from_the_hub_and_give_the_networks_own_features(architecture, encoded, examples01):
    networks, folder = encoded
    spec = encoder_spec(architecture)
    features = load_file(folder / architecture)
    assert {layer.name: tuple(features[layer.name].shape[1:]) for layer in spec.layers} == {
        layer.name: (layer.channels, layer.size, layer.size) for layer in spec.layers
    }
    mean, std = (torch.tensor(x).reshape(3, 1, 1) for x in (spec.mean, spec.std))
    with torch.no_grad():
        expected = networks[architecture].forward_intermediates(
            (examples01[:1] - mean) / std, norm=False, intermediates_only=True, output_fmt="NCHW"
        )[-1]
    deepest = features[spec.layer_names[-1]]
    assert torch.allclose(deepest, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


def test_checkpoints_can_be_a_repository_of_the_hub(cat, tmp_path):
    name = "decoders/vgg16-block1-linear-mse-imagenet.safetensors"
    asked = ["-m", "explorer", "reconstruct", cat, "--decoder", "linear", "--checkpoints", "owner/name"]
    with serve({f"owner/name/{name}": (BUNDLED / name).read_bytes()}) as hub:
        found = run([*asked, "--out", tmp_path / "out", "--json"], hub.address, tmp_path / "cache")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout.splitlines()[-1])["decoder"] == "linear"
    away = ["-m", "explorer", "list", "--checkpoints", "owner/name"]
    kept = run(away, "http://127.0.0.1:9", tmp_path / "cache")
    assert kept.returncode == 0, kept.stderr
    assert "linear" in kept.stdout
    elsewhere = run(away, "http://127.0.0.1:9", tmp_path / "other")
    assert elsewhere.returncode == 2
    assert "'owner/name' are no folder here, and the Hugging Face Hub cannot be reached" in elsewhere.stderr


def test_a_download_that_breaks_off_goes_on_where_it_stopped(tmp_path):
    content = bytes(range(256)) * 400_000  # 100 MB
    code = "from explorer.encoders.hub import hub_file; print(hub_file('owner/name', 'big.zip', 'dataset'))"
    with serve({"owner/name/big.zip": content}) as hub:
        hub.break_after = 60_000_000
        found = run(["-c", code], hub.address, tmp_path)
        assert found.returncode == 0, found.stderr
        assert any(asked and asked != "bytes=0-" for _, _, asked in hub.requests)
    assert Path(found.stdout.strip()).read_bytes() == content


def test_networks_are_fed_as_they_were_trained():
    for spec in ENCODERS.values():
        if not hasattr(spec.network, "model_id"):
            assert (spec.mean, spec.std) == (IMAGENET_MEAN, IMAGENET_STD)
            continue
        trained = timm.get_pretrained_cfg(spec.network.model_id)
        assert (tuple(spec.mean), tuple(spec.std)) == (trained.mean, trained.std)


def test_without_the_hub_the_message_says_what_to_do(cat, tmp_path):
    arguments = ["-m", "explorer", "features", cat, "--architecture", "resnet34", "--layer", "layer1"]
    found = run([*arguments, "--out", tmp_path / "out"], "http://127.0.0.1:9", tmp_path / "cache")
    assert found.returncode == 2
    [line] = found.stderr.strip().splitlines()
    assert "Connect to the internet and try again" in line and "random weights (control)" in line


def test_a_download_that_is_not_wanted_any_more_ends_and_goes_on_the_next_time(tmp_path):
    code = """
from explorer.encoders.hub import hub_file
from explorer.wanted import NotWanted, wanted_while
def left(asked=[]):
    asked.append(1)
    if len(asked) == 3:
        raise NotWanted("left")
try:
    with wanted_while(left):
        hub_file("owner/name", "big.zip", "dataset")
except NotWanted as error:
    print(error)
print(hub_file("owner/name", "big.zip", "dataset"))
"""
    content = bytes(range(256)) * 400_000  # 100 MB: it comes in pieces of 10
    with serve({"owner/name/big.zip": content}) as hub:
        found = run(["-c", code], hub.address, tmp_path)
    assert found.returncode == 0, found.stderr
    said, path = found.stdout.splitlines()
    assert said == "left"
    assert Path(path).read_bytes() == content
