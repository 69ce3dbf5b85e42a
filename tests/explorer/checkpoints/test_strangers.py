"""A folder of checkpoints may be a stranger's: what cannot be used is skipped, with its reason."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import HEADER_KEY, CheckpointError, Header, build_decoder, save_checkpoint
from explorer.checkpoints.files import load_decoder as load
from explorer.configurations import Configuration, FusedConfiguration

GENUINE = Configuration("vgg16", "block2", "transposed_conv", "mse")
STRANGE = Configuration("vgg16", "block1", "transposed_conv", "mse")
FUSED = FusedConfiguration((("vgg16", "block1"), ("vgg16", "block2")), "concat", "transposed_conv", "mse")
NESTED = '{"a":' * 500 + "1" + "}" * 500
DEEP = "[" * 100_000

NO_HEADER = "header is not one of this program's"
FIELDS: list[tuple[str, object, str]] = [
    *(
        (field, 3, NO_HEADER)
        for field in Header.__dataclass_fields__
        if field not in ("parameters", "format")
    ),
    *((field, None, NO_HEADER) for field in Header.__dataclass_fields__),
    ("surprise\ud800", 1, NO_HEADER),
    ("format", 99, "has format 99"),
    ("format", True, NO_HEADER),
    ("fingerprint", "high", NO_HEADER),
    ("fingerprint", ["high"] * 16, NO_HEADER),
    ("fingerprint", [10**30] * 16, NO_HEADER),
    ("fingerprint", [float("nan")] * 16, "not finite"),
    ("fingerprint", [0.5] * 15, "a fingerprint of 15 numbers"),
    ("recipe", ["mse"], NO_HEADER),
    ("recipe", "mse", NO_HEADER),
    ("recipe", {"target": ["photo"]}, NO_HEADER),
    ("recipe", {"steps": float("inf")}, "not finite"),
    ("recipe", json.loads(NESTED), NO_HEADER),
    ("data", ["photos"], NO_HEADER),
    ("data", {"train_photos": 10**400}, NO_HEADER),
    ("metrics", {"val_psnr": "high"}, NO_HEADER),
    ("metrics", {"val_psnr": float("nan")}, "not finite"),
    ("parameters", "many", NO_HEADER),
    ("parameters", -1, "fewer than no parameters"),
    ("data", {"said": "x" * 70_000}, "at most 65536"),
]
CONFIGURATIONS: list[tuple[dict, str]] = [
    *(({field: wrong}, NO_HEADER) for field in asdict(STRANGE) for wrong in (None, 7, ["vgg16"])),
    ({"sources": None, "fusion": "concat"}, NO_HEADER),
    ({"sources": [["vgg16", 1], ["alexnet", 2]], "fusion": "concat"}, NO_HEADER),
    ({"sources": [["vgg16", "block1"]], "fusion": "concat"}, "two sources or more"),
    ({"architecture": "timm:" + "x" * 5000}, "is no id of a timm model"),
    ({"architecture": "<b>"}, "unknown architecture '<b>'"),
    ({"layer": "block9"}, "unknown layer"),
    ({"decoder": "linear", "loss": "lpips"}, "unknown loss"),
    ({"weights": "jft"}, "unknown weights"),
    ({"layer": "block2"}, "holds vgg16-block2-transposed_conv-mse-imagenet"),
]
TEXTS = ["", "null", "[]", '"vgg16"', "{", DEEP]
BYTES = [b"", b"not safetensors", b"\xff" * 64]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a genuine checkpoint and a stranger's, both untrained."""
    folder = tmp_path_factory.mktemp("strangers")
    for configuration in (GENUINE, STRANGE):
        header = Header(
            configuration, [0.5] * 16, {"steps": 1}, {"train_photos": 2}, {"val_psnr": 9.0}, 33_731
        )
        save_checkpoint(folder / "decoders", build_decoder(configuration), header)
    return folder


@pytest.fixture
def path(folder):
    """The stranger's file; it is as it was after the test."""
    path = folder / "decoders" / f"{STRANGE.name}.safetensors"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


def expect_skipped(path: Path, reason: str) -> None:
    catalogue = Catalogue.scan(path.parent.parent)
    [(name, found)] = catalogue.skipped
    assert name == path.name and reason in found and len(found) < 400
    assert found.isprintable() and found.encode()
    assert list(catalogue.entries) == [GENUINE]


def header() -> dict:
    return json.loads(json.dumps(asdict(Header(STRANGE, [0.5] * 16))))


def write(path: Path, text: str, tensors: dict[str, torch.Tensor] | None = None) -> None:
    save_file(load_file(path) if tensors is None else tensors, path, {HEADER_KEY: text})


def test_genuine_files_are_all_there(path):
    found = Catalogue.scan(path.parent.parent)
    assert (sorted(found.entries), found.skipped) == ([STRANGE, GENUINE], [])


@pytest.mark.parametrize(("field", "value", "reason"), FIELDS, ids=lambda x: repr(x)[:24])
def test_header_with_a_field_of_a_wrong_type_or_range_is_skipped(path, field, value, reason):
    write(path, json.dumps(header() | {field: value}))
    expect_skipped(path, reason)


@pytest.mark.parametrize(("changes", "reason"), CONFIGURATIONS, ids=lambda x: repr(x)[:40])
def test_header_with_names_that_are_none_or_not_the_files_is_skipped(path, changes, reason):
    write(path, json.dumps(header() | {"configuration": asdict(STRANGE) | changes}))
    expect_skipped(path, reason)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:9])
def test_header_that_is_no_object_is_skipped(path, text):
    write(path, text)
    expect_skipped(path, NO_HEADER)


@pytest.mark.parametrize("content", BYTES, ids=repr)
def test_file_that_is_no_checkpoint_is_skipped(path, content):
    path.write_bytes(content)
    expect_skipped(path, "not a readable safetensors file")


def test_truncated_file_is_skipped(path):
    path.write_bytes(path.read_bytes()[:-1000])
    expect_skipped(path, "not a readable safetensors file")


def test_folder_with_the_name_of_a_checkpoint_is_skipped(folder):
    path = folder / "decoders" / f"{STRANGE.name}-copy.safetensors"
    path.mkdir()
    skipped = Catalogue.scan(folder).skipped
    path.rmdir()
    assert [name for name, _ in skipped] == [path.name]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_skipped_and_never_loaded(path, value):
    tensors = load_file(path)
    tensors["layers.0.weight"][0, 0, 0, 0] = value
    write(path, json.dumps(header()), tensors)
    expect_skipped(path, "layers.0.weight is not finite")
    with pytest.raises(CheckpointError, match="not finite"):
        load(path)


def test_a_later_file_does_not_replace_the_genuine_one(path):
    genuine = path.with_name(f"{GENUINE.name}.safetensors")
    later = path.with_name("zzz.safetensors")
    later.write_bytes(genuine.read_bytes())
    found = Catalogue.scan(path.parent.parent)
    later.unlink()
    assert found.entries[GENUINE] == genuine
    assert found.skipped == [
        ("zzz.safetensors", f"holds {GENUINE.name}, so that is what the file must be called.")
    ]


def test_header_of_several_sources_survives_the_same_checks(tmp_path):
    recipe = {"sources": [list(place) for place in FUSED.sources], "steps": 1, "learning_rate": 0.0}
    save_checkpoint(tmp_path / "decoders", build_decoder(FUSED), Header(FUSED, [0.5] * 32, recipe))
    assert list(Catalogue.scan(tmp_path).entries) == [FUSED]
