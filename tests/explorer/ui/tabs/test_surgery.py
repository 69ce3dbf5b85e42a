"""The texts of the Surgery tab: what an operation touched and cost."""

from explorer.experiments.surgery import Change
from explorer.ui.tabs import surgery
from tests.explorer.ui.tabs.tables import cells


def test_surgery_counts_what_it_touched_and_what_the_features_hold(explorer, cat):
    c = {"layer": "block3", "decoder": "linear", "loss": "mse"}
    result = explorer.surgery(cat, change=Change("quantise", 2), **c)
    made = surgery.surgery_figures(result)
    rows = cells(made)
    assert rows[1] == ["PSNR dB", *(f"{x.metrics.psnr:.2f}" for x in (result.before, result.after))]
    assert rows[-1][1:] == [f"{bits / 8000:,.1f}" for bits in (result.bits_before, result.bits_after)]
    assert "Touched: 256 of 256 channels, at 784 of 784" in made and "has 151 kB" in made
    assert surgery.surgery_figures(None) == ""
    assert "Surgery on VGG16 block3" in surgery.text.heading(result.before)
