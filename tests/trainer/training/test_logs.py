from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from explorer.configurations import Configuration
from trainer.recipe import Recipe
from trainer.training.loop import LOG_EVERY, Training

HEAD = Configuration("vgg16", "block2", "transposed_conv", "mse")


def test_run_logs_loss_curves_and_strips_of_reconstructions(photos, tmp_path):
    steps = 2 * LOG_EVERY
    recipe = Recipe(steps=steps, batch=2, crop=64, validate_every=LOG_EVERY, validation_photos=3)
    Training([HEAD], recipe, photos, photos, tmp_path, progress_bar=False).run()
    found = EventAccumulator(str(tmp_path / "logs/vgg16-imagenet"), size_guidance={"images": 0}).Reload()
    losses = found.Scalars(f"training loss/{HEAD.name}")
    assert [event.step for event in losses] == [LOG_EVERY, steps]
    assert losses[0].value > 0
    assert len(found.Scalars(f"validation psnr/{HEAD.name}")) == 2
    strips = found.Images(HEAD.name)
    assert [strip.step for strip in strips] == [LOG_EVERY, steps]
    assert (strips[0].width, strips[0].height) == (3 * 112, 2 * 112)
