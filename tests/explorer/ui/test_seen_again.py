"""Texts of feature agreement and of the search: what they say of what was found."""

from dataclasses import replace

from explorer.agreement import Agreement, Guess
from explorer.reconstruction import Recovery
from explorer.ui.seen_again import agreement_text, recover_figures, recover_title

SURE, UNSURE = [Guess("tabby", 0.8)], [Guess("<b>jersey</b>", 0.03)]


def test_errors_are_bars_and_the_chosen_layer_is_marked():
    text = agreement_text(Agreement({"block1": 0.25, "block2": 1.5, "block3": None}, SURE, SURE), "block2")
    assert "width: 25.0%" in text and "width: 100.0%" in text
    assert '<tr class="here"><th scope="row">block2' in text and text.count("here") == 1
    assert "0.25" in text and "1.50" in text and "all zero" in text


def test_reading_follows_the_guesses():
    assert "<b>still</b> puts" in agreement_text(Agreement({}, SURE, SURE))
    assert "<b>no longer</b> puts" in agreement_text(Agreement({}, SURE, UNSURE))
    unsure = agreement_text(Agreement({}, UNSURE, SURE))
    assert "not sure of the original" in unsure and "&lt;b&gt;jersey" in unsure


def test_search_says_whether_it_runs(explorer, cat):
    result = explorer.reconstruct(cat)
    running = Recovery(result, 0.1234, 40, 12.3, done=False)
    assert "<b>Running</b>: step 40, 12 s" in recover_figures(running)
    assert "0.123" in recover_figures(running, "rival") and "rival" in recover_figures(running, "rival")
    assert "<b>Finished</b>" in recover_figures(replace(running, done=True))
    assert "<b>Stopped</b>" in recover_figures(running, state="Stopped")
    assert recover_figures(None) == ""
    assert "block1" in recover_title(result.configuration)


def test_what_a_search_misses_is_not_said_to_be_lost(explorer, cat):
    title = recover_title(explorer.reconstruct(cat).configuration)
    assert "the features do not tell, or the search has not found it." in title
