"""The texts of the Ensemble tab: what each source brings."""

from dataclasses import replace

import pytest

from explorer.results.measured import Results
from explorer.ui.tabs import ensemble
from tests.explorer.ui.tabs.tables import cells


@pytest.fixture(scope="module")
def together(explorer, cat):
    c = next(c for c in explorer.catalogue().fused if c.fusion == "attention")
    return explorer.ensemble(cat, c)


def test_an_ensemble_stands_beside_its_best_source_alone(together):
    rows = cells(ensemble.figures_text(together))
    assert rows[0][1].endswith(" alone") and rows[0][2] == "together"
    assert rows[1][1:] == [f"{x.metrics.psnr:.2f}" for x in (together.best_alone, together.result)]


def test_an_ensemble_without_a_source_alone_has_one_column(together):
    lonely = replace(together, contributions=[replace(x, alone=None) for x in together.contributions])
    assert cells(ensemble.figures_text(lonely))[0] == ["", "together"]
    assert "no source alone" in ensemble.text.errors(lonely.best_alone)
    assert "On this photo" not in ensemble.contributions_text(lonely, Results())


def test_each_source_has_what_it_brings_here_and_on_the_test_photos(together, explorer):
    made = ensemble.contributions_text(together, explorer.results())
    gain = explorer.results().row(together.result.configuration).gain
    first = together.contributions[0]
    assert f"<b>{together.result.metrics.psnr - together.best_alone.metrics.psnr:+.2f} dB</b>" in made
    assert f"<b>{gain.psnr:+.2f} dB</b> on average" in made
    assert cells(made)[1][2:4] == [f"{first.without.psnr:.2f}", f"{first.weight:.0%}"]
    unmeasured = ensemble.contributions_text(together, Results())
    assert "test photos" not in unmeasured and len(cells(unmeasured)[0]) == 4


def test_the_maps_have_a_scale_from_the_lowest_to_the_highest_weight(together):
    low, high = ensemble.range_of_shares(together)
    assert f"<span>{low:.0%}</span>" in ensemble.maps_text(together)
    assert f"<span>{high:.0%}</span>" in ensemble.maps_text(together)
    captions = [caption for _, caption in ensemble.attention_maps(together)]
    assert captions[0].endswith(f": {together.contributions[0].weight:.0%}")
    stacked = replace(together, contributions=[replace(x, attention=None) for x in together.contributions])
    assert "no weights to look at" in ensemble.maps_text(stacked)
    assert ensemble.attention_maps(stacked) == []
