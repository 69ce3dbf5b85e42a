"""LPIPS, the distance of two photos in [0, 1] to a judging network (Zhang et al. 2018, net='alex', 0.1)."""

import warnings
from functools import lru_cache

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from explorer.encoders.libraries import load
from explorer.encoders.weights import encoder_file


@torch.no_grad()
def lpips(reconstruction01: Tensor, original01: Tensor) -> Tensor:
    """Return LPIPS of each pair (N, 3, H, W), (N,), lower is closer.

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
    with warnings.catch_warnings():  # of torchvision, about an argument that lpips still passes
        warnings.simplefilter("ignore")
        network = load("lpips").LPIPS(net="alex", pretrained=False, pnet_rand=True, verbose=False)
    alexnet = load_file(encoder_file("alexnet"))
    for name, tensor in alexnet.items():  # "features.3.weight" -> module "3" of one of the slices
        _, index, part = name.split(".")
        convolution = next(s._modules[index] for s in network.net.children() if index in s._modules)
        setattr(convolution, part, nn.Parameter(tensor))
    network.load_state_dict(load_file(encoder_file("lpips_alex")), strict=False)
    return network.requires_grad_(False).eval().to(device)
