"""PSNR, SSIM, LPIPS and MSE of photos in [0, 1], and the error map. Values outside [0, 1] are refused."""

import math
import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from explorer.encoders.weights import encoder_file
from explorer.errors import unknown
from explorer.photos.tensors import check01

SSIM_WINDOW = 7
LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class Metrics:
    """One comparison: psnr in dB and ssim (at most 1), higher is better; lpips and mse, lower is better."""

    psnr: float
    ssim: float
    lpips: float
    mse: float

    @property
    def figures(self) -> dict[str, float | None]:
        """The four as JSON-ready data (an infinite PSNR as None)."""
        return {key: value if math.isfinite(value) else None for key, value in asdict(self).items()}


@dataclass(frozen=True)
class MetricSpec:
    """How one metric is written: `digits` are decimals; `higher` says whether higher is better."""

    name: str
    unit: str
    digits: int
    higher: bool

    def better(self, value: float, other: float) -> bool:
        """Whether `value` is truly better than `other`, in this metric's direction."""
        return value > other if self.higher else value < other

    def format(self, value: float) -> str:
        """Return the value with its unit, "25.30 dB"."""
        number = "infinite" if value == math.inf else f"{value:.{self.digits}f}"
        return f"{number} {self.unit}".rstrip()


METRIC_SPECS = {
    "psnr": MetricSpec("PSNR", "dB", 2, True),
    "ssim": MetricSpec("SSIM", "", 3, True),
    "lpips": MetricSpec("LPIPS", "", 3, False),
    "mse": MetricSpec("MSE", "", 5, False),
}


def metric_spec(metric: str) -> MetricSpec:
    """Return the table row of a metric. Raises UserError listing the allowed names."""
    if metric not in METRIC_SPECS:
        raise unknown("metric", metric, list(METRIC_SPECS))
    return METRIC_SPECS[metric]


def measure(reconstruction01: Tensor, original01: Tensor) -> list[Metrics]:
    """Return the metrics of each pair of photos (N, 3, H, W) in [0, 1]; one original may serve all.

    Raises ValueError for values outside [0, 1], different shapes, or photos smaller than 32 pixels.
    """
    check_pair(reconstruction01, original01.expand(len(reconstruction01), -1, -1, -1))
    errors = mse(reconstruction01, original01).tolist()
    columns = (ssim(reconstruction01, original01).tolist(), lpips(reconstruction01, original01).tolist())
    return [
        Metrics(psnr_of_mse(error), similarity, distance, error)
        for error, similarity, distance in zip(errors, *columns, strict=True)
    ]


def check_pair(reconstruction01: Tensor, original01: Tensor) -> None:
    """Raise ValueError unless both are (N, 3, H, W) photos of equal shape with values in [0, 1]."""
    if reconstruction01.shape != original01.shape or original01.ndim != 4 or original01.shape[1] != 3:
        raise ValueError(
            "expected two (N, 3, H, W) photos of equal shape, got "
            f"{tuple(reconstruction01.shape)} and {tuple(original01.shape)}"
        )
    check01(reconstruction01)
    check01(original01)


def mse(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the mean squared error of each pair, (N,), float64."""
    return (reconstruction01.double() - original01.double()).square().mean(dim=(1, 2, 3))


def psnr(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of each pair in dB, (N,), for a peak of 1; infinite if equal."""
    return -10 * torch.log10(mse(reconstruction01, original01))


def psnr_of_mse(error: float) -> float:
    """Return the PSNR in dB of a mean squared error of photos in [0, 1]."""
    return -10 * math.log10(error) if error > 0 else math.inf


def ssim(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the structural similarity of each pair, (N,), averaged over channels.

    Wang et al. 2004 with the defaults of skimage.metrics.structural_similarity (data_range 1): uniform 7x7
    window, sample covariance, K1 = 0.01, K2 = 0.03, borders of 3 pixels left out.
    """
    x, y = reconstruction01.double(), original01.double()
    c1, c2 = 0.01**2, 0.03**2
    unbiased = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)

    def window_sum(z: Tensor, dim: int) -> Tensor:
        """Sums over a sliding window as differences of running sums (Crow 1984), exact to 1e-14 here."""
        running = torch.cat([torch.zeros_like(z.narrow(dim, 0, 1)), z.cumsum(dim)], dim)
        count = running.shape[dim] - SSIM_WINDOW
        return running.narrow(dim, SSIM_WINDOW, count) - running.narrow(dim, 0, count)

    def window_mean(z: Tensor) -> Tensor:
        return window_sum(window_sum(z, 3), 2) / SSIM_WINDOW**2

    mx, my = window_mean(x), window_mean(y)
    vx = unbiased * (window_mean(x * x) - mx * mx)
    vy = unbiased * (window_mean(y * y) - my * my)
    cov = unbiased * (window_mean(x * y) - mx * my)
    similarity = ((2 * mx * my + c1) * (2 * cov + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return similarity.mean(dim=(1, 2, 3))


@torch.no_grad()
def lpips(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return LPIPS (Zhang et al. 2018, net='alex', version 0.1) of each pair, (N,), lower is closer.

    One original may serve all; it then passes through the network once.
    """
    network = lpips_network(str(original01.device))
    return network(reconstruction01.float(), original01.float(), normalize=True).reshape(-1)


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # tensors made in inference mode could never be trained through
def lpips_network(device: str = "cpu") -> nn.Module:
    """Return the official LPIPS network fed with the bundled float32 weights, so that nothing is downloaded.

    Takes photos in [0, 1] with `normalize=True`; differentiable in its first argument.
    """
    from lpips import LPIPS

    with warnings.catch_warnings():  # of torchvision, about an argument that lpips still passes
        warnings.simplefilter("ignore")
        network = LPIPS(net="alex", pretrained=False, pnet_rand=True, verbose=False)
    alexnet = load_file(encoder_file("alexnet"))
    for name, tensor in alexnet.items():  # "features.3.weight" -> module "3" of one of the slices
        _, index, part = name.split(".")
        convolution = next(s._modules[index] for s in network.net.children() if index in s._modules)
        setattr(convolution, part, nn.Parameter(tensor))
    network.load_state_dict(load_file(encoder_file("lpips_alex")), strict=False)
    return network.requires_grad_(False).eval().to(device)


def error_map(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return the signed error in luminance (Rec. 709 weights), (N, H, W): positive where too light."""
    check_pair(reconstruction01, original01)
    weights = torch.tensor(LUMINANCE, device=original01.device).reshape(1, 3, 1, 1)
    return ((reconstruction01 - original01) * weights).sum(dim=1)
