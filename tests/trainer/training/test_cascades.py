from dataclasses import replace

import pytest
import torch

from explorer.checkpoints.files import Header, build_decoder, load_decoder, save_checkpoint
from explorer.configurations import Configuration, FusedConfiguration
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from trainer.recipe import Recipe
from trainer.training.loop import Training

CONV1, CONV2 = (Configuration("alexnet", layer, "upsample_conv", "features") for layer in ("conv1", "conv2"))
RECIPE = Recipe(
    steps=4,
    batch=2,
    crop=64,
    validate_every=4,
    validation_photos=1,
    start="before",
    ema=0.5,
    views="changed",
)


@pytest.fixture(scope="module")
def painters(tmp_path_factory):
    """A folder with a decoder of AlexNet's conv1, not trained."""
    folder = tmp_path_factory.mktemp("painters")
    torch.manual_seed(0)
    decoder = build_decoder(CONV1)
    decoder.set_statistics(torch.full((64,), 0.3), torch.full((64,), 0.7))
    save_checkpoint(
        folder / "decoders", decoder, Header(CONV1, FrozenEncoder("alexnet").fingerprint("conv1"))
    )
    return folder


def training(photos, out, folder, configuration=CONV2, recipe=RECIPE, **more) -> Training:
    keywords = {"progress_bar": False, "start_from": [folder]} | more
    return Training([configuration], recipe, photos, photos, out, **keywords)


def weights(module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def changed(module, before) -> bool:
    return any(not torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


def test_the_guess_learns_and_the_painter_stays_what_it_was(photos, tmp_path, painters):
    run = training(photos, tmp_path, painters)
    run.start()
    [head] = run.heads
    decoder = head.decoder
    assert head.started_from.startswith(CONV1.name)
    painter, guess = weights(decoder.painter), weights(decoder.fine)
    assert painter["feature_std"].flatten()[0] == pytest.approx(0.7)
    for _ in range(2):
        run.train_step()
    assert changed(decoder.fine, guess) and not changed(decoder.painter, painter)


def test_training_lowers_the_error_of_the_guess(photos, tmp_path, painters):
    recipe = replace(RECIPE, steps=20, validate_every=20, learning_rate=2e-3)
    run = training(photos, tmp_path, painters, recipe=recipe)
    errors = []
    run.on_progress = lambda step, summary: errors.append(run.heads[0].last_loss)
    run.run()
    assert sum(errors[-4:]) < 0.9 * sum(errors[:4])


def test_with_pictures_the_painter_learns_too_and_the_guess_stays_true(photos, tmp_path, painters):
    """The loss is the error of the guess and, as the recipe weighs it, that of the pictures."""
    losses = {}
    for weight in (0.0, 0.5, 1.0):
        run = training(photos, tmp_path, painters, recipe=replace(RECIPE, pictures=weight))
        run.start()
        [head] = run.heads
        before = weights(head.decoder.painter)
        run.train_step()
        losses[weight] = head.last_loss
        assert changed(head.decoder.painter, before) == bool(weight)
    assert losses[1.0] - losses[0.5] == pytest.approx(losses[0.5] - losses[0.0], rel=1e-3)
    assert losses[0.5] > losses[0.0] > 0


def test_fixed_views_of_a_guess_are_of_the_two_layers_that_it_learns_from(photos, tmp_path, painters):
    """Steps without pictures compare nothing that a network sees in them."""
    conv3 = replace(CONV2, layer="conv3")
    start = build_decoder(CONV2)
    save_checkpoint(
        tmp_path / "decoders", start, Header(CONV2, FrozenEncoder("alexnet").fingerprint("conv2"))
    )
    recipe = replace(RECIPE, fixed_views=1)
    training(photos, tmp_path, tmp_path, conv3, recipe).run()
    assert len(list((tmp_path / "views").iterdir())) == 2


def test_a_cascade_is_read_again_resumed_and_continued(photos, tmp_path, painters):
    [head] = training(photos, tmp_path, painters).run()
    path = tmp_path / f"decoders/{CONV2.name}.safetensors"
    stored = load_decoder(path)
    assert torch.allclose(stored.fine[-1].weight, head.kept.fine[-1].weight, atol=1e-3)
    assert training(photos, tmp_path, painters).run(resume=True)[0].name == CONV2.name
    going_on = training(photos, tmp_path / "on", tmp_path, continued=True)
    going_on.start()
    [again] = going_on.heads
    assert again.started_from.startswith(CONV2.name)
    assert torch.equal(again.decoder.fine[-1].weight, stored.fine[-1].weight)


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        (CONV1, "no layer before conv1"),
        (replace(CONV2, decoder="wavelet"), "start 'before' is for upsample_conv"),
        (replace(CONV2, loss="mse"), "--start before goes with --loss features"),
        (
            FusedConfiguration(
                (("alexnet", "conv1"), ("alexnet", "conv2")), "concat", "upsample_conv", "features"
            ),
            "no layer before several",
        ),
    ],
)
def test_cascade_that_cannot_be_is_refused(photos, tmp_path, painters, configuration, said):
    with pytest.raises(UserError, match=said):
        training(photos, tmp_path, painters, configuration)


def test_the_painter_of_a_vision_transformer_is_one_without_a_linear_map(photos, tmp_path):
    before, configuration = (
        Configuration("vit_small", layer, "upsample_conv", "features", "random")
        for layer in ("block0", "block1")
    )
    recipe, encoder = replace(RECIPE, crop=224), FrozenEncoder("vit_small", "random")
    for start in ("linear", "scratch"):
        header = Header(before, encoder.fingerprint("block0"), {"start": start})
        save_checkpoint(tmp_path / start / "decoders", build_decoder(before, start), header)
    run = training(photos, tmp_path / "out", tmp_path / "linear", configuration, recipe)
    with pytest.raises(UserError, match="trained with --start linear"):
        run.start()
    run = training(photos, tmp_path / "out", tmp_path / "scratch", configuration, recipe)
    run.start()
    assert run.heads[0].started_from.startswith(before.name)


def test_a_cascade_does_not_paint_with_another_one_and_says_what_would_do(photos, tmp_path, painters):
    training(photos, tmp_path, painters).run()
    run = training(photos, tmp_path / "deeper", tmp_path, replace(CONV2, layer="conv3"))
    with pytest.raises(UserError, match=rf"^{CONV2.name} guesses a layer before it, too: .* --start colours"):
        run.start()


def test_cascade_without_the_decoder_of_the_layer_before_says_so(photos, tmp_path):
    run = training(photos, tmp_path, tmp_path)
    with pytest.raises(UserError, match=rf"^{CONV1.name} is not trained yet: --start before needs it"):
        run.run()
