import pytest
import torch

from explorer.checkpoints.files import load_decoder
from explorer.checkpoints.ridge import Moments, held_out_error, install, solutions
from explorer.decoders.linear import Linear
from explorer.encoders.frozen import FrozenEncoder
from explorer.measures.pixels import psnr


def test_fit_recovers_a_photo_it_was_fitted_on(photos, fitted):
    folder, found = fitted
    [path] = (folder / "decoders").iterdir()
    photos01 = photos.centre_crops()
    reconstruction = load_decoder(path)(FrozenEncoder("vgg16")(photos01, ["block1"])["block1"])
    measured = psnr(reconstruction, photos01).mean().item()
    assert measured > 24
    assert found["block1"] == pytest.approx(measured, abs=1.5)  # of the mean error, before clamping


def synthetic(rows=400, unknowns=36, values=12, seed=0):
    draw = torch.Generator().manual_seed(seed)
    x = torch.cat([torch.randn(rows, unknowns, generator=draw), torch.ones(rows, 1)], dim=1).double()
    truth = torch.randn(unknowns + 1, values, generator=draw).double()
    y = x @ truth
    return x, y, truth, Moments(x.T @ x, x.T @ y, y.square().sum().item(), rows)


def test_weakest_ridge_recovers_a_linear_truth():
    _, _, truth, found = synthetic()
    strength, solution = next(iter(solutions(found)))
    assert strength == 1e-4
    assert torch.allclose(solution, truth, atol=1e-3)


def test_held_out_error_is_the_mean_squared_error():
    x, y, truth, found = synthetic()
    wrong = truth + 0.1
    assert held_out_error(found, wrong) == pytest.approx((x @ wrong - y).square().mean().item(), rel=1e-9)


def test_full_rank_decoder_draws_exactly_the_solution():
    torch.manual_seed(0)
    decoder = Linear(4, 112)
    _, _, truth, found = synthetic()
    install(decoder, truth, found)
    features = torch.randn(1, 4, 5, 5)
    padded = torch.nn.functional.pad(features, (1, 1, 1, 1), mode="replicate")
    patches = torch.nn.functional.unfold(padded, 3).transpose(1, 2).double()
    expected = (patches @ truth[:-1] + truth[-1]).transpose(1, 2).reshape(1, 12, 5, 5)
    drawn = decoder.decode(features)
    assert torch.allclose(drawn, torch.nn.functional.pixel_shuffle(expected, 2).float(), atol=1e-4)


def test_reduced_rank_keeps_the_directions_in_which_predictions_vary(monkeypatch):
    monkeypatch.setattr("explorer.decoders.linear.MAX_RANK", 3)
    decoder = Linear(4, 112)
    x, _, truth, found = synthetic()
    low_rank = truth.clone()
    low_rank[:-1] = truth[:-1, :3] @ torch.randn(3, 12, generator=torch.Generator().manual_seed(1)).double()
    install(decoder, low_rank, found)
    assert decoder.project.out_channels == 3
    weight = decoder.expand.weight[:, :, 0, 0] @ decoder.project.weight.flatten(1)
    assert torch.allclose(weight.T.double(), low_rank[:-1], atol=1e-4)
    assert torch.allclose(decoder.expand.bias.double(), low_rank[-1], atol=1e-4)
