"""A decoder that failed is told from one that is only blurred."""

import pytest

from explorer.configurations import Configuration
from trainer.measuring.collapse import collapsed

C = Configuration("vgg16", "block5", "pixel_shuffle", "hybrid")
FLAT = {
    "baseline": "flat",
    "mean": {"psnr": 13.0},
    "judged": [
        {"architecture": "vgg16", "layer": "block5", "weights": "imagenet", "mean": {"similarity": 0.05}}
    ],
}


@pytest.mark.parametrize(
    ("psnr", "similarity", "alike", "said"),
    [
        (15.0, 0.20, 0.10, ""),
        (12.9, 0.20, 0.10, "in PSNR its pictures are no better than one flat colour"),
        (15.0, 0.04, 0.01, "to the judge its pictures are no better than one flat colour"),
        (15.0, 0.20, 0.30, "its pictures are more like each other than like their photos"),
    ],
)
def test_a_decoder_must_beat_one_flat_colour_and_tell_photos_apart(psnr, similarity, alike, said):
    row = {"mean": {"psnr": psnr, "similarity": similarity}, "alike": alike}
    assert collapsed(C, row, [FLAT]) == said


def test_where_no_judge_was_asked_psnr_alone_decides():
    assert collapsed(C, {"mean": {"psnr": 15.0}}, [FLAT]) == ""
    assert collapsed(C, {"mean": {"psnr": 12.0}}, [FLAT]) != ""
