import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from explorer.measures.metrics import error_map, lpips, lpips_network, measure, mse, psnr, ssim


@pytest.fixture(scope="module")
def pairs(examples01) -> tuple[torch.Tensor, torch.Tensor]:
    noise = torch.randn(examples01.shape, generator=torch.Generator().manual_seed(0))
    amount = torch.tensor([0.01, 0.05, 0.1, 0.2, 0.4, 0.8]).reshape(6, 1, 1, 1)
    return (examples01 + amount * noise).clamp(0, 1), examples01


def arrays(pairs):
    return zip(*(photos.double().permute(0, 2, 3, 1).numpy() for photos in pairs), strict=True)


def test_psnr_equals_scikit_images(pairs):
    expected = [peak_signal_noise_ratio(y, x, data_range=1) for x, y in arrays(pairs)]
    assert psnr(*pairs).tolist() == pytest.approx(expected, abs=1e-6)


def test_ssim_equals_scikit_images(pairs):
    expected = [structural_similarity(x, y, channel_axis=2, data_range=1) for x, y in arrays(pairs)]
    assert ssim(*pairs).tolist() == pytest.approx(expected, abs=1e-6)


def test_lpips_equals_the_official_package(pairs):
    from lpips import LPIPS
    from safetensors.torch import load_file
    from torchvision.models import alexnet

    from explorer.encoders.weights import encoder_file

    official = LPIPS(net="alex", pnet_rand=True, verbose=False)  # with the package's own linear layers
    trunk = alexnet(weights=None).features
    trunk.load_state_dict(
        {n.removeprefix("features."): t for n, t in load_file(encoder_file("alexnet")).items()}
    )
    for part in official.net.children():
        for index, module in part._modules.items():
            module.load_state_dict(trunk[int(index)].state_dict())
    with torch.no_grad():
        expected = official(*pairs, normalize=True).flatten()
    assert lpips(*pairs).tolist() == pytest.approx(expected.tolist(), abs=1e-4)
    assert (expected > 0.01).any()


def test_linear_layers_of_lpips_are_the_official_packages():
    from lpips import LPIPS

    official = LPIPS(net="alex", pnet_rand=True, verbose=False).state_dict()
    ours = lpips_network().state_dict()
    names = [name for name in official if name.startswith("lin") and name.endswith("weight")]
    assert len(names) >= 5
    assert all(torch.equal(ours[name], official[name]) for name in names)


def test_lpips_first_used_in_inference_mode_can_still_be_trained_through(examples01):
    lpips_network.cache_clear()
    with torch.inference_mode():
        measure(examples01[:1], examples01[:1])
    drawn = examples01[:1].flip(-1).clone().requires_grad_()
    lpips_network()(drawn, examples01[:1], normalize=True).sum().backward()
    assert drawn.grad.abs().sum() > 0


def test_equal_photos_have_infinite_psnr_full_ssim_and_no_distance(examples01):
    equal = measure(examples01[:1], examples01[:1])[0]
    assert (equal.psnr, equal.ssim, equal.lpips, equal.mse) == (math.inf, 1.0, 0.0, 0.0)


def test_known_error_gives_the_known_figures():
    black, grey = torch.zeros(1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.1)
    found = measure(grey, black)[0]
    assert found.mse == pytest.approx(0.01)
    assert found.psnr == pytest.approx(20)


def test_each_pair_is_measured_on_its_own(pairs):
    together = [metrics.psnr for metrics in measure(*pairs)]
    alone = [measure(pairs[0][i : i + 1], pairs[1][i : i + 1])[0].psnr for i in range(6)]
    assert together == pytest.approx(alone, abs=1e-9)
    assert together == sorted(together, reverse=True)


@pytest.mark.parametrize("bad", [-0.01, 1.01, float("nan"), float("inf")])
def test_values_outside_the_range_are_refused_not_clipped(examples01, bad):
    broken = examples01[:1].clone()
    broken[0, 0, 0, 0] = bad
    for pair in ((broken, examples01[:1]), (examples01[:1], broken)):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            measure(*pair)


def test_photos_of_different_shapes_are_refused(examples01):
    with pytest.raises(ValueError, match="equal shape"):
        measure(examples01[:1], examples01[:1, :, :100])


def test_error_map_is_positive_where_the_reconstruction_is_too_light():
    original = torch.full((1, 3, 32, 32), 0.5)
    lighter = original.clone()
    lighter[..., :16] += 0.2
    error = error_map(lighter, original)
    assert error.shape == (1, 32, 32)
    assert error[0, :, :16].mean().item() == pytest.approx(0.2, abs=1e-6)
    assert error[0, :, 16:].abs().max().item() == 0


def test_mse_is_computed_in_double_precision(examples01):
    assert mse(examples01, examples01).dtype == torch.float64
