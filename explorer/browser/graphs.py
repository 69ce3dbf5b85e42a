"""Encoders and decoders as ONNX graphs of a few KB, whose weights stay in their safetensors files.

An ONNX graph may keep its weights in another file, at an offset: here in the file that the server loads.
"""

import json
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx_ir as ir
import torch
from onnx_ir.passes.common import RemoveUnusedNodesPass
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from explorer.decoders import Decoder
from explorer.encoders.frozen import FrozenEncoder

PHOTO, FEATURES, PICTURE = "photo", "features", "picture"  # inputs and outputs of the graphs
SIDE = 224
KINDS = {"F32": ir.DataType.FLOAT, "F16": ir.DataType.FLOAT16}
OPSET = 18  # the first one whose Resize is antialiased


def encoder_graphs(encoder: FrozenEncoder, layers: Sequence[str], weights: Path) -> dict[str, bytes]:
    """Return {layer: graph} for layers given from shallow to deep, with weights in the file `weights`.

    Each graph takes a photo (1, 3, 224, 224) in [0, 1], runs no further than its layer, and gives the
    features of that layer and of those before it, each under its name. A file that is not there is written:
    that of the control, whose weights are in none.
    """
    photo = torch.zeros(1, 3, SIDE, SIDE)
    encoder(photo, layers)  # reads the weights that are needed
    model = _exported(_Layers(encoder, layers), [photo], [PHOTO], list(layers))
    if not weights.exists():
        values = {name: value.const_value.numpy() for name, value in model.graph.initializers.items()}
        save_file({name: np.ascontiguousarray(array) for name, array in values.items()}, weights)
    _refer_to(weights, model)
    graphs = {}
    for depth in range(len(layers), 0, -1):
        del model.graph.outputs[depth:]
        graphs[layers[depth - 1]] = _bytes(model)
    return graphs


def decoder_graphs(decoders: Mapping[Path, Decoder]) -> dict[Path, bytes]:
    """Return a graph for each decoder, under the file of its weights.

    It draws a picture (1, 3, 224, 224) in [0, 1] from features (1, C, H, W). All are exported at once: most
    of an export's time goes by before it looks at the network.
    """
    each = nn.ModuleList(decoder.eval() for decoder in decoders.values())
    features = [torch.zeros(1, decoder.channels, decoder.size, decoder.size) for decoder in each]
    numbers = range(len(each))
    inputs, outputs = [f"{FEATURES}{n}" for n in numbers], [f"{PICTURE}{n}" for n in numbers]
    model = _exported(_Beside(each), features, inputs, outputs)
    return {
        weights: _cut(model, inputs[n], outputs[n], weights)
        for n, weights in zip(numbers, decoders, strict=True)
    }


def _cut(model: ir.Model, features: str, picture: str, weights: Path) -> bytes:
    """Return the part of a graph that leads from some features to their picture."""
    graph = ir.convenience.extract(model.graph, [features], [picture])
    graph.inputs[0].name, graph.outputs[0].name = FEATURES, PICTURE
    part = ir.Model(graph, ir_version=model.ir_version)
    _refer_to(weights, part)
    return _bytes(part)


class _Layers(nn.Module):
    """The features of several layers from one pass, as a module."""

    def __init__(self, encoder: FrozenEncoder, layers: Sequence[str]):
        super().__init__()
        self.encoder, self.layers = encoder, list(layers)

    def forward(self, photo: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.encoder.differentiable(photo, self.layers).values())


class _Beside(nn.Module):
    """Decoders that have nothing to do with each other, as a module."""

    def __init__(self, decoders: nn.ModuleList):
        super().__init__()
        self.decoders = decoders

    def forward(self, *features: Tensor) -> tuple[Tensor, ...]:
        return tuple(decoder(given) for decoder, given in zip(self.decoders, features, strict=True))


def _exported(
    module: nn.Module, examples: Sequence[Tensor], inputs: list[str], outputs: list[str]
) -> ir.Model:
    """Return a module as a graph that is not optimised, which would change weights that are referred to."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(examples),
            dynamo=True,
            optimize=False,
            verbose=False,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
        )
    for node in program.model.graph:
        node.metadata_props.clear()  # stack traces
        if node.op_type == "Resize" and _enlarges(node):
            for name in ("antialias", "exclude_outside"):  # changes nothing there, and graphics cards lack it
                node.attributes.pop(name, None)
    return program.model


def _enlarges(node: ir.Node) -> bool:
    before, after = node.inputs[0].shape, node.outputs[0].shape
    return all(old <= new for old, new in zip(before.numpy(), after.numpy(), strict=True))


def _bytes(model: ir.Model) -> bytes:
    RemoveUnusedNodesPass()(model)
    model.graph.metadata_props.clear()  # the export's words about all that was in it
    return ir.to_proto(model).SerializeToString()


def _refer_to(weights: Path, model: ir.Model) -> None:
    """Replace every initialiser whose values are in a safetensors file by a reference to them.

    Half precision is cast in the graph. What is in no file, such as a kernel made by the decoder, stays in
    the graph.
    """
    places, graph = tensor_places(weights), model.graph
    for name, value in list(graph.initializers.items()):
        place = places.get(_known_by(value.const_value.numpy()))
        if place is None:
            continue
        stored = ir.ExternalTensor(
            weights.name, place.offset, place.length, place.kind, shape=value.shape, name=name
        )
        if place.kind == ir.DataType.FLOAT:
            value.const_value = stored
            continue
        half = ir.Value(
            name=f"{name}.half", shape=value.shape, type=ir.TensorType(place.kind), const_value=stored
        )
        cast = ir.node("Cast", [half], {"to": ir.DataType.FLOAT.value})
        [full] = cast.outputs
        full.name, full.shape, full.type = f"{name}.full", value.shape, value.type
        del graph.initializers[name]
        ir.convenience.replace_all_uses_with(value, full)
        graph.register_initializer(half)
        graph.insert_before(graph[0], cast)


@dataclass(frozen=True)
class Place:
    """Where a tensor lies in a safetensors file: from `offset`, `length` bytes of numbers of a `kind`."""

    offset: int
    length: int
    kind: ir.DataType


def tensor_places(path: Path) -> dict[tuple[tuple[int, ...], bytes], Place]:
    """Return where each floating-point tensor of a safetensors file lies, by its shape and float32 values."""
    with path.open("rb") as file:
        [header_length] = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_length))
    found = {}
    for name, tensor in load_file(path).items():
        kind = KINDS.get(header[name]["dtype"])
        if kind is not None:
            begin, end = header[name]["data_offsets"]
            found[_known_by(tensor.astype(np.float32))] = Place(8 + header_length + begin, end - begin, kind)
    return found


def _known_by(values: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return values.shape, values.tobytes()
