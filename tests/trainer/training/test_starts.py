from dataclasses import replace

import pytest
import torch

from explorer.checkpoints.files import Header, build_decoder, load_decoder, save_checkpoint
from explorer.configurations import Configuration
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from trainer.recipe import Recipe
from trainer.training.loop import Training


def test_training_for_colours_goes_on_from_a_decoder_with_patches_and_not_the_other_way(photos, tmp_path):
    configuration = Configuration("alexnet", "conv1", "upsample_conv", "features")
    torch.manual_seed(0)
    with_patches = build_decoder(configuration)
    header = Header(configuration, FrozenEncoder("alexnet").fingerprint("conv1"))
    save_checkpoint(tmp_path / "decoders", with_patches, header)
    recipe = Recipe(steps=1, batch=1, crop=64, validate_every=1, validation_photos=1, start="colours")
    keywords = {"progress_bar": False, "continued": True}
    run = Training(
        [configuration], recipe, photos, photos, tmp_path / "on", start_from=[tmp_path], **keywords
    )
    [head] = run.run()
    assert head.started_from.startswith(configuration.name)
    decoder = load_decoder(tmp_path / f"on/decoders/{configuration.name}.safetensors")
    assert decoder.linear.factor == 1
    back = replace(recipe, start="linear")
    again = Training(
        [configuration], back, photos, photos, tmp_path, start_from=[tmp_path / "on"], **keywords
    )
    with pytest.raises(UserError, match="trained with --start colours"):
        again.run()


def test_only_upsample_conv_can_do_without_patches(photos, tmp_path):
    recipe = Recipe(steps=1, start="colours")
    with pytest.raises(UserError, match="'colours' is for upsample_conv, not for wavelet"):
        Training([Configuration("alexnet", "conv1", "wavelet", "mse")], recipe, photos, photos, tmp_path)
