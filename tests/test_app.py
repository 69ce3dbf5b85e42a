"""app.py as a program, and its API as gradio_client sees it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from explorer.photos.crops import report_crop
from explorer.photos.loading import load_photo
from tests.serving import ROOT, free_port, serve

LINEAR = {"layer": "block1", "decoder": "linear", "loss": "mse"}
KEYS = {"architecture", "layer", "decoder", "loss", "weights", "psnr", "ssim", "lpips", "mse", "seconds"}
KEYS |= {"feature_error", "similarity", "weave"}


@pytest.fixture(scope="module")
def client(app, tmp_path_factory) -> Client:
    return Client(app.address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def run_app(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_reconstruct_returns_three_pixel_exact_files_and_the_figures(client, cat, explorer):
    original, reconstruction, error, figures = client.predict(
        handle_file(cat), **LINEAR, api_name="/reconstruct"
    )
    expected = explorer.reconstruct(cat, **LINEAR)
    assert np.array_equal(pixels(original), np.asarray(report_crop(load_photo(cat))))
    assert np.array_equal(pixels(error), np.asarray(expected.error))
    difference = pixels(reconstruction).astype(int) - np.asarray(expected.reconstruction)
    assert np.abs(difference).max() <= 1  # the same arithmetic in another process
    assert set(figures) == KEYS
    assert figures["psnr"] == pytest.approx(expected.metrics.psnr, abs=0.01)
    assert figures["lpips"] == pytest.approx(expected.metrics.lpips, abs=0.001)
    mse = np.mean((pixels(reconstruction) / 255.0 - pixels(original) / 255.0) ** 2)
    assert figures["mse"] == pytest.approx(mse, rel=0.01)


def test_ensemble_returns_pictures_a_map_a_source_and_what_each_brings(client, cat):
    sources = ["vgg16/block1", "alexnet/conv1", "efficientnet_lite0/stage1", "dinov2_small/block0"]
    original, reconstruction, error, maps, figures = client.predict(
        handle_file(cat), sources, "attention", api_name="/ensemble"
    )
    assert pixels(original).shape == pixels(reconstruction).shape == pixels(error).shape == (224, 224, 3)
    assert [pixels(x["image"] if isinstance(x, dict) else x).shape for x in maps] == [(112, 112, 3)] * 4
    assert ["/".join(x["source"]) for x in figures["contributions"]] == sources
    with pytest.raises(AppError, match="two sources or more"):
        client.predict(handle_file(cat), sources[:1], "attention", api_name="/ensemble")


def test_recover_returns_what_was_found_in_its_seconds(client, cat):
    place = {"architecture": "alexnet", "layer": "conv5", "prior": "network", "seconds": 2}
    recovered, error, found = client.predict(handle_file(cat), **place, api_name="/recover")
    assert Image.open(recovered).size == Image.open(error).size == (224, 224)
    assert found["prior"] == "network" and found["steps"] >= 1
    assert 0 < found["feature_error"] < 2 and -1 < found["similarity"] < 1
    with pytest.raises(AppError, match="seconds must be above zero"):
        client.predict(handle_file(cat), **(place | {"seconds": 0}), api_name="/recover")


def test_every_argument_after_the_photo_may_be_left_out(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    defaults = {
        name: {
            p["parameter_name"]: p["parameter_default"]
            for p in endpoint["parameters"]
            if p["parameter_has_default"]
        }
        for name, endpoint in endpoints.items()
    }
    assert defaults == {
        "/reconstruct": {
            "architecture": "vgg16",
            "layer": "block1",
            "decoder": "transposed_conv",
            "loss": "hybrid",
            "weights": "imagenet",
        },
        "/ensemble": {
            "fusion": "concat",
            "decoder": "pixel_shuffle",
            "loss": "mse",
            "weights": "imagenet",
        },
        "/depth_sweep": {
            "architecture": "vgg16",
            "decoder": "linear",
            "loss": "mse",
            "weights": "imagenet",
        },
        "/feature_maps": {"architecture": "vgg16", "layer": "block1", "page": 0, "weights": "imagenet"},
        "/compare": {"a": "vgg16/block1/transposed_conv/hybrid", "b": "vgg16/block3/transposed_conv/hybrid"},
        "/surgery": {
            "operation": "quantise",
            "strength": None,
            "architecture": "vgg16",
            "layer": "block1",
            "decoder": "transposed_conv",
            "loss": "hybrid",
            "weights": "imagenet",
            "mask": None,
            "other": None,
        },
        "/recover": {
            "architecture": "vgg16",
            "layer": "block5",
            "weights": "imagenet",
            "prior": "",
            "seconds": 60.0,
            "seed": 0,
        },
        "/catalogue": {},
    }


def test_the_linear_decoder_reports_the_loss_it_really_has(client, cat):
    *_, figures = client.predict(handle_file(cat), "vgg16", "block1", "linear", api_name="/reconstruct")
    assert figures["loss"] == "mse"


def test_depth_sweep_goes_from_shallow_to_deep_and_loses_on_the_way(client, cat):
    files, figures = client.predict(handle_file(cat), api_name="/depth_sweep")
    layers = figures["layers"]
    assert len(files) == len(layers) >= 2
    assert [row["layer"] for row in layers] == sorted(row["layer"] for row in layers)
    assert all(set(row) == KEYS for row in layers)
    assert layers[0]["psnr"] > layers[-1]["psnr"]
    assert pixels(files[0]).shape == (224, 224, 3)


def test_feature_maps_come_strongest_first_a_page_at_a_time(client, cat, explorer):
    mosaic, figures = client.predict(handle_file(cat), layer="block2", page=1, api_name="/feature_maps")
    expected = explorer.features(cat, layer="block2")
    assert figures["order"] == expected.order
    assert (figures["channels"], figures["height"], figures["width"]) == (128, 56, 56)
    assert (figures["page"], figures["pages"]) == (1, 2)
    assert np.array_equal(pixels(mosaic), np.asarray(expected.mosaic(1).convert("RGB")))


def test_compare_returns_both_pictures_and_says_who_wins(client, cat, explorer):
    ways = {"a": "vgg16/block1/linear/mse", "b": "vgg16/block3/linear/mse"}
    a, b, difference, found = client.predict(handle_file(cat), **ways, api_name="/compare")
    assert pixels(a).shape == pixels(b).shape == pixels(difference).shape == (224, 224, 3)
    assert set(found["a"]) == set(found["b"]) == KEYS
    verdict = {row["metric"]: row for row in found["verdicts"]}["psnr"]
    assert verdict["winner"] == "a"
    assert verdict["by"] == pytest.approx(found["a"]["psnr"] - found["b"]["psnr"], abs=1e-6)


def test_a_configuration_in_another_form_gets_one_sentence(client, cat):
    with pytest.raises(AppError, match="write architecture/layer/decoder/loss"):
        client.predict(handle_file(cat), a="vgg16 block1", api_name="/compare")


def test_surgery_returns_the_pictures_before_and_after_and_what_it_cost(client, cat, tmp_path):
    arguments = {"operation": "quantise", "strength": 1, "layer": "block2", "decoder": "linear"}
    before, after, found = client.predict(handle_file(cat), **arguments, api_name="/surgery")
    assert pixels(before).shape == pixels(after).shape == (224, 224, 3)
    assert found["after"]["psnr"] < found["before"]["psnr"]
    assert found["bits_after"] < found["bits_before"]
    mask = Image.new("L", (224, 224))
    mask.paste(255, (0, 0, 112, 224))
    mask.save(tmp_path / "mask.png")
    arguments = {"operation": "mask", "layer": "block2", "decoder": "linear"}
    left = {"mask": handle_file(tmp_path / "mask.png")}
    before, after, _ = client.predict(handle_file(cat), **arguments, **left, api_name="/surgery")
    changed = np.abs(pixels(before).astype(int) - pixels(after)).mean(axis=(0, 2))
    assert changed[:100].mean() > 10 > 1 > changed[130:].mean()


def test_catalogue_lists_what_is_ready(client):
    catalogue = client.predict(api_name="/catalogue")
    assert {"architectures", "ready", "missing"} <= set(catalogue)
    assert "vgg16" in catalogue["architectures"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"layer": "blok1"}, "did you mean block1"),
        ({"architecture": "nonsense"}, "unknown architecture"),
        ({"decoder": "nonsense"}, "unknown decoder"),
    ],
)
def test_a_wrong_name_gets_the_sentence_that_lists_the_right_ones(client, cat, arguments, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(handle_file(cat), **(LINEAR | arguments), api_name="/reconstruct")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"architecture": 5}, "architecture must be a text, such as 'vgg16'."),
        ({"layer": ["block1"]}, "layer must be a text"),
        ({"weights": {"a": 1}}, "weights must be a text"),
        ({"decoder": "x" * 100_000}, "decoder is longer than 200 characters"),
        ({"architecture": "timm:../../x"}, "no id of a timm model"),
    ],
)
def test_a_value_of_another_type_gets_a_sentence(client, cat, arguments, sentence):
    with pytest.raises(AppError, match=sentence) as error:
        client.predict(handle_file(cat), **(LINEAR | arguments), api_name="/reconstruct")
    assert len(str(error.value)) < 300


def test_a_damaged_file_gets_one_sentence(client, cat, tmp_path):
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(cat.read_bytes()[:2000])
    with pytest.raises(AppError, match="damaged.jpg is damaged or incomplete"):
        client.predict(handle_file(damaged), **LINEAR, api_name="/reconstruct")


def test_health_and_metrics_are_told(client):
    assert httpx.get(f"{client.src}healthz", timeout=60).text == "ok"
    client.predict(api_name="/catalogue")
    ready = httpx.get(f"{client.src}readyz", timeout=60)
    assert set(ready.json()) == {"warm", "disk", "place"}
    assert ready.status_code == (200 if all(ready.json().values()) else 503)
    metrics = httpx.get(f"{client.src}metrics", timeout=60).text
    assert 'explorer_errands_total{desk="answers",name="catalogue",outcome="done"}' in metrics
    assert 'explorer_stage_seconds_count{name="catalogue",stage="worked"}' in metrics
    assert 'explorer_requests_total{endpoint="healthz",status="200"}' in metrics
    for name in ("waiting", "kept_bytes", "sessions", "disk_free_bytes", "listeners"):
        assert f"\nexplorer_{name}" in metrics
    assert "\nprocess_resident_memory_bytes " in metrics


def test_a_rotated_photo_is_turned_upright_like_everywhere_else(client, tmp_path, cat):
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(cat) as image:
        image.save(turned, exif=exif, quality=95)
    original, *_ = client.predict(handle_file(turned), **LINEAR, api_name="/reconstruct")
    assert np.array_equal(pixels(original), np.asarray(report_crop(load_photo(turned))))


def test_a_taken_port_is_one_line_and_status_2():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_app("--port", str(port))
    assert result.returncode == 2
    assert result.stderr.strip().count("\n") == 0
    assert f"127.0.0.1:{port}" in result.stderr


@pytest.mark.parametrize(
    ("environment", "port"),
    [({"PORT": "70001"}, 70001), ({"GRADIO_SERVER_PORT": "70002", "PORT": "70001"}, 70002)],
)
def test_the_port_may_come_from_the_environment(environment, port):
    result = run_app(**({"GRADIO_SERVER_PORT": ""} | environment))
    assert result.returncode == 2
    assert f"There is no port {port}" in result.stderr


def test_a_flag_wins_over_the_environment():
    result = run_app("--port", "70003", PORT=str(free_port()), GRADIO_SERVER_PORT="")
    assert "There is no port 70003" in result.stderr


def test_a_host_that_is_not_here_is_one_line_and_status_2():
    result = run_app("--port", str(free_port()), GRADIO_SERVER_NAME="192.0.2.1")
    assert result.returncode == 2
    assert "Cannot listen on 192.0.2.1" in result.stderr


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from Linux's /proc")
def test_the_serving_process_stays_small(tmp_path, cat):
    with serve(tmp_path / "app.log") as server:
        client = Client(server.address, verbose=False, download_files=str(tmp_path / "downloads"))
        client.predict(handle_file(cat), api_name="/depth_sweep")
        status = Path(f"/proc/{server.pid}/status").read_text()
    peak_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak_kib < 1.5 * 1024**2
