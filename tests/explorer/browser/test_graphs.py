"""Graphs give what the networks give that they were made from, and read their weights from the same files."""

import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from explorer.browser.graphs import decoder_graphs, encoder_graphs
from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder
from explorer.encoders.weights import encoder_file


def run(graph: bytes, weights, **inputs: torch.Tensor) -> dict[str, np.ndarray]:
    """Run a graph that lies beside its weights, as a reader of it would."""
    path = weights.with_suffix(".onnx")
    path.write_bytes(graph)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {k: v.numpy() for k, v in inputs.items()}), strict=True))


def numbers_inside(graph: bytes) -> int:
    """How many bytes of numbers a graph holds itself."""
    return sum(len(tensor.raw_data) for tensor in onnx.load_from_string(graph).graph.initializer)


@pytest.mark.parametrize(
    "architecture, layers",
    [
        ("alexnet", ["conv1", "conv3"]),
        ("vgg16", ["block1", "block2"]),
        ("efficientnet_lite0", ["stage1", "stage2"]),
        ("dinov2_small", ["block0"]),
    ],
)
def test_an_encoders_graph_gives_its_features_with_the_weights_of_its_file(
    explorer, examples01, tmp_path, architecture, layers
):
    encoder = explorer.engine.encoder(architecture)
    weights = tmp_path / encoder_file(architecture).name
    shutil.copyfile(encoder_file(architecture), weights)
    graphs = encoder_graphs(encoder, layers, weights)
    found = run(graphs[layers[-1]], weights, photo=examples01[1:2])
    for layer, expected in encoder(examples01[1:2], layers).items():
        scale = expected.abs().max()
        assert np.abs(found[layer] - expected.numpy()).max() < 1e-5 * scale
    for graph in graphs.values():
        assert numbers_inside(graph) < 1000
        assert len(graph) < 60_000


def test_the_graph_of_a_shallow_layer_has_nothing_of_the_deeper_ones(explorer, tmp_path):
    weights = tmp_path / "alexnet.safetensors"
    shutil.copyfile(encoder_file("alexnet"), weights)
    graphs = encoder_graphs(explorer.engine.encoder("alexnet"), ["conv1", "conv2", "conv5"], weights)
    outputs = {layer: [x.name for x in onnx.load_from_string(g).graph.output] for layer, g in graphs.items()}
    assert outputs == {"conv1": ["conv1"], "conv2": ["conv1", "conv2"], "conv5": ["conv1", "conv2", "conv5"]}
    operations = [node.op_type for node in onnx.load_from_string(graphs["conv1"]).graph.node]
    assert operations.count("Conv") == 1


DECODERS = {  # and the most bytes of numbers that its graph may hold itself
    Configuration("alexnet", "conv1", "linear", "mse"): 20_000,
    Configuration("alexnet", "conv1", "pixel_shuffle", "mse"): 20_000,
    Configuration("alexnet", "conv5", "pixel_shuffle", "mse"): 20_000,
    Configuration(
        "alexnet", "conv5", "upsample_conv", "features"
    ): 1_200_000,  # its fixed noise is in no file
    Configuration("efficientnet_lite0", "stage4", "upsample_conv", "features"): 1_200_000,  # without patches
    Configuration("efficientnet_lite0", "stage5", "upsample_conv", "features"): 1_200_000,  # a cascade
}


@pytest.fixture(scope="module")
def decoded(explorer, tmp_path_factory):
    """The files of DECODERS' weights, copied, and their graphs, which are made at once."""
    folder, files = tmp_path_factory.mktemp("decoders"), {}
    for configuration in DECODERS:
        source = explorer.catalogue().entries[configuration]
        files[configuration] = folder / source.name
        shutil.copyfile(source, files[configuration])
    return files, decoder_graphs({path: explorer.engine.decoder(c) for c, path in files.items()})


@pytest.mark.parametrize("configuration", DECODERS, ids=lambda c: c.name)
def test_a_decoders_graph_draws_its_picture(explorer, examples01, decoded, configuration):
    files, graphs = decoded
    graph = graphs[files[configuration]]
    [(architecture, layer)] = configuration.sources
    features = explorer.engine.encoder(architecture)(examples01[1:2], [layer])[layer]
    found = run(graph, files[configuration], features=features)["picture"]
    with torch.no_grad():
        expected = explorer.engine.decoder(configuration)(features)
    assert np.abs(found - expected.numpy()).max() < 2e-5
    assert numbers_inside(graph) < DECODERS[configuration]
    assert len(graph) < DECODERS[configuration] + 30_000


def test_the_controls_weights_which_are_in_no_file_are_written(examples01, tmp_path):
    encoder, weights = FrozenEncoder("vgg16", "random"), tmp_path / "vgg16-random.safetensors"
    graph = encoder_graphs(encoder, ["block1"], weights)["block1"]
    found = run(graph, weights, photo=examples01[:1])["block1"]
    expected = encoder(examples01[:1], ["block1"])["block1"].numpy()
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()
    assert weights.stat().st_size > 150_000
    assert numbers_inside(graph) < 1000
