"""LPIPS is the official package's, on the bundled weights."""

import pytest
import torch
from lpips import LPIPS
from safetensors.torch import load_file
from torchvision.models import alexnet

from explorer.encoders.weights import encoder_file
from explorer.measures.lpips import lpips, lpips_network
from explorer.measures.metrics import measure


def test_distances_equal_the_official_packages(examples01):
    noise = torch.randn(examples01.shape, generator=torch.Generator().manual_seed(0))
    drawn01 = (examples01 + 0.2 * noise).clamp(0, 1)
    official = LPIPS(net="alex", pnet_rand=True, verbose=False)  # with the package's own linear layers
    trunk = alexnet(weights=None).features
    trunk.load_state_dict(
        {n.removeprefix("features."): t for n, t in load_file(encoder_file("alexnet")).items()}
    )
    for part in official.net.children():
        for index, module in part._modules.items():
            module.load_state_dict(trunk[int(index)].state_dict())
    with torch.no_grad():
        expected = official(drawn01, examples01, normalize=True).flatten()
    assert lpips(drawn01, examples01).tolist() == pytest.approx(expected.tolist(), abs=1e-4)
    assert (expected > 0.01).all()


def test_linear_layers_are_the_official_packages():
    official = LPIPS(net="alex", pnet_rand=True, verbose=False).state_dict()
    ours = lpips_network().state_dict()
    names = [name for name in official if name.startswith("lin") and name.endswith("weight")]
    assert len(names) >= 5
    assert all(torch.equal(ours[name], official[name]) for name in names)


def test_network_first_used_in_inference_mode_can_still_be_trained_through(examples01):
    lpips_network.cache_clear()
    with torch.inference_mode():
        measure(examples01[:1], examples01[:1])
    drawn = examples01[:1].flip(-1).clone().requires_grad_()
    lpips_network()(drawn, examples01[:1], normalize=True).sum().backward()
    assert drawn.grad.abs().sum() > 0
