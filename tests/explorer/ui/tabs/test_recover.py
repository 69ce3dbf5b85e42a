"""The texts of the Recover tab: how far the search is, and what it is compared with."""

from dataclasses import replace

import pytest

from explorer import UserError
from explorer.reconstruction import Recovery
from explorer.ui.tabs.recover import recover_figures, settings, text


@pytest.fixture(scope="module")
def running(explorer, cat):
    return Recovery(explorer.reconstruct(cat), 0.1234, 40, 12.3, done=False)


def test_the_search_says_whether_it_runs(running):
    assert "<b>Running</b>: step 40, 12 s" in recover_figures(running)
    assert "<b>Finished</b>" in recover_figures(replace(running, done=True))
    assert "<b>Stopped</b>" in recover_figures(running, state="Stopped")


def test_only_the_end_of_the_search_is_announced(running):
    assert "role=" not in recover_figures(running)
    assert 'role="status"' in recover_figures(replace(running, done=True))


def test_the_figures_have_the_feature_error_and_what_a_decoder_gives(running):
    made = recover_figures(running, "rival")
    psnr = running.result.metrics.psnr
    assert "error <b>0.123</b>" in made and "rival" in made
    assert f"PSNR {psnr:.2f} dB · SSIM " in made
    assert recover_figures(None) == ""
    assert "rival" in recover_figures(None, "rival")


def test_the_heading_names_the_layer(running):
    assert "VGG16 block1, without a trained decoder" in text.heading(running.result.configuration)


def test_the_rival_is_named_with_its_figures(running):
    made = text.rival(running.result.configuration, "21.5 dB", 0.4567)
    assert made.endswith(
        "(Transposed convolutions, hybrid) on this photo: 21.5 dB, relative feature error 0.457."
    )
    assert text.rival(running.result.configuration, "21.5 dB", None).endswith("21.5 dB.")


def test_a_missing_number_is_said():
    with pytest.raises(UserError, match="missing"):
        settings("grey", 10, "adam", None, 0, True, 1, 0)


def test_what_a_search_misses_is_not_said_to_be_lost(running):
    heading = " ".join(text.heading(running.result.configuration).split())
    assert "the features do not tell, or the search has not found it." in heading
