"""Made-up results for tests of tables and prose: few rows, round figures."""

from typing import Any

from explorer.folders import BUNDLED
from trainer.reporting.markdown import Data


def row(
    architecture: str,
    layer: str,
    decoder: str,
    loss: str = "mse",
    psnr: float = 25.0,
    lpips: float = 0.2,
    weights: str = "imagenet",
    judged: dict[str, float] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a row of a single configuration, ± 0.5 dB; `judged` are the judges' figures."""
    return {
        "architecture": architecture,
        "layer": layer,
        "decoder": decoder,
        "loss": loss,
        "weights": weights,
        "target": "photo",
        "parameters": 1234,
        "mean": {"psnr": psnr, "ssim": 0.8, "lpips": lpips, "mse": 0.01} | (judged or {}),
        "ci95": {"psnr": [psnr - 0.5, psnr + 0.5]},
        **more,
    }


def fused(
    fusion: str,
    psnr: float,
    decoder: str = "pixel_shuffle",
    gain: float = 1.0,
    sources: tuple[tuple[str, str], ...] = (("vgg16", "block1"), ("alexnet", "conv1")),
    weight: float | None = None,
) -> dict[str, Any]:
    """Return a row of an ensemble that gains over VGG16 block1 alone."""
    over = {key: value for key, value in row("vgg16", "block1", decoder).items() if isinstance(value, str)}
    return {
        "sources": [list(source) for source in sources],
        "fusion": fusion,
        **{"decoder": decoder, "loss": "mse", "weights": "imagenet", "target": "photo"},
        **{"parameters": 2_000_000, "forward_passes": 2, "encoder_milliseconds": 30.0, "milliseconds": 12.0},
        "mean": {"psnr": psnr, "ssim": 0.9, "lpips": 0.1, "mse": 0.01},
        "ci95": {"psnr": [psnr - 0.5, psnr + 0.5]},
        "gain": {"over": over, "psnr": gain, "ci95": [gain - 0.1, gain + 0.1], "p_holm": 0.0001},
        "contributions": [{"source": list(s), "weight": weight, "loss": 2.0, "p": 0.01} for s in sources],
    }


def blur(size: int, psnr: float, lpips: float = 0.5) -> dict[str, Any]:
    mean = {"psnr": psnr, "ssim": 0.5, "lpips": lpips, "mse": 0.1}
    where = {"architecture": "vgg16", "layer": "block5", "weights": "imagenet"}
    return {"baseline": "blur", "size": size, "mean": mean, "judged": [where | {"mean": BLUR_JUDGED}]}


BLUR_JUDGED = {"feature_error": 0.9, "similarity": 0.3}
WOVEN = {"feature_error": 1.1, "similarity": 0.2, "weave": 0.6}
PROJECT = {
    "protocol": {"name": "project", "photos": 8, "photos_digest": "0", "size": 224, "lpips": "official"},
    "baselines": [blur(112, 27.0), blur(55, 24.0), blur(7, 18.0)],
    "configurations": [
        row("vgg16", "block1", "linear", psnr=25.0),
        row("vgg16", "block1", "pixel_shuffle", psnr=30.0, lpips=0.1),
        row("vgg16", "block1", "pixel_shuffle", "hybrid", psnr=28.0, lpips=0.05),
        row("vgg16", "block5", "transposed_conv", psnr=15.0, lpips=0.9, judged=WOVEN),
        row("vgg16", "block1", "linear", psnr=29.0, weights="random"),
        row("alexnet", "conv1", "transposed_conv", psnr=23.0),
        row("alexnet", "conv1", "pixel_shuffle", psnr=22.0, lpips=0.3),
        fused("concat", 31.0),
        fused("concat", 30.25, gain=0.25, sources=(("vgg16", "block1"), ("vgg16", "block5"))),
    ],
    "comparisons": [],
}
PUBLISHED = {
    "protocol": {"name": "published", "photos": 8},
    "baselines": [{"baseline": "photo", "size": None, "mean": {"psnr": 11.5}}],
    "configurations": [
        row("vgg16", "block1", "linear", psnr=11.0),
        row("vgg16", "block1", "wavelet", "hybrid", psnr=19.5, target="normalised"),
    ],
}
STUDY = {
    "protocol": {"photos": 8},
    "classifier": "efficientnet_lite0",
    "rows": [
        {
            "architecture": "efficientnet_lite0",
            "layer": "stage1",
            "decoder": "pixel_shuffle",
            "loss": "hybrid",
            "weights": "imagenet",
            "operation": "",
            "strength": 0.0,
            "mean": {"found": 0.75},
        }
    ],
}


def alike(decoder: str, psnr: float, over: float | None = None) -> dict[str, Any]:
    """Return a decoder of VGG16 block3 that was trained with two seeds, `over` the simple one in dB."""
    test = over and {"difference": over, "ci95": [over - 0.1, over + 0.1], "p_holm": 0.01}
    return row("vgg16", "block3", decoder, psnr=psnr) | {
        **{"steps": 200, "seeds": [42, 43], "by_seed": {"psnr": [psnr - 0.1, psnr + 0.1]}},
        "over_simple": test and dict.fromkeys(("psnr", "ssim", "lpips"), test),
    }


ALIKE = {
    "protocol": {"photos": 8},
    "rows": [alike("transposed_conv", 20.0), alike("wavelet", 19.5, -0.5), alike("transposed_conv@1M", 21.0)],
}
DATA = Data(PROJECT, PUBLISHED, STUDY, ALIKE, BUNDLED)
