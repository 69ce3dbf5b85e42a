"""The lesson: every step can be shown, explains something, and holds no figure that could go stale."""

import re

import pytest

from explorer import UserError
from explorer.configurations import OPTIMISATION, Configuration
from explorer.decoders import decoder_spec
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.measures.agreement import relative_error
from explorer.measures.pixels import psnr
from explorer.photos.tensors import to_tensor
from explorer.results.measured import Results
from explorer.results.recoveries import find_recovery
from explorer.ui import handouts
from explorer.ui.choices import DEFAULT, settle
from explorer.ui.controls import examples
from explorer.ui.page import TABS
from explorer.ui.tabs import learn
from explorer.ui.texts import texts
from explorer.ui.texts.filters import terms
from explorer.ui.texts.lesson import STEPS, read_lesson, step_at

LESSON = """[[steps]]
name = "N"
title = "T"
text = '''
In two
lines.'''
task = "Do."
question = "Why?"
answer = "So."
example = "cat"
maps = true
[steps.looks]
one = "vgg16/block1/linear/mse"
"""
EACH_STEP = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def test_there_are_eight_steps_and_what_the_page_opens_on_is_a_look_of_the_first():
    assert len(STEPS) == 8
    assert DEFAULT in [look.configuration for look in STEPS[0].looks]
    assert STEPS[0].example == next(iter(examples()))


@EACH_STEP
def test_every_look_names_what_is_in_the_tables(step):
    for look in step.looks:
        c = look.configuration
        encoder_spec(c.architecture).layer(c.layer)
        assert c.loss in decoder_spec(c.decoder).losses
        assert c.weights in WEIGHTS


@EACH_STEP
def test_every_look_is_ready_or_settles_to_something_that_is(step, explorer):
    for look in step.looks:
        found, note = settle(explorer.catalogue(), look.configuration)
        assert found in explorer.catalogue().entries
        assert (found == look.configuration) == (note == "")
        if look.configuration.weights == "imagenet":
            assert note == ""


@EACH_STEP
def test_every_step_has_a_photo_two_looks_to_compare_and_a_tab_that_exists(step):
    assert step.example in examples()
    assert len({look.label for look in step.looks}) == len(step.looks) >= 2
    assert step.tab is None or step.tab == "learn" or step.tab in TABS


@EACH_STEP
def test_a_step_asks_something_and_explains_a_term(step):
    assert step.question.endswith("?")
    assert terms(step.text)
    assert "<" not in step.text


@EACH_STEP
def test_the_texts_hold_no_measured_figure(step):
    for text in (step.text, step.task, step.question, step.answer):
        assert not re.search(r"\d", re.sub(r"VGG16|block\d", "", text))


def test_the_page_blames_network_or_decoder_for_what_does_not_come_back():
    header = " ".join(texts("page").header().split())
    assert "What is missing, the network lost or the decoder did not draw." in header


def test_nothing_that_is_to_be_read_off_a_drawing_is_called_lost():
    asked = [sentence for step in STEPS for sentence in (step.task, step.question)]
    assert not [sentence for sentence in [*asked, handouts.worksheet("/")] if "lost" in sentence]


def test_no_term_is_explained_twice():
    explained = [term for step in STEPS for term in terms(step.text)]
    assert len(explained) == len(set(explained))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("task =", "tasks =", "step 1 has no task"),
        ('example = "cat"', 'example = ""', "step 1 has no example"),
        ("maps =", "map =", "step 1 has 'map': allowed are name, title"),
        ("maps = true", 'maps = "yes"', "step 1 has 'yes' for maps"),
        ("maps = true", 'twin = "alexnet/conv9"', "conv9"),
        ("vgg16/block1/linear/mse", "vgg16/block1", "'vgg16/block1' is no configuration"),
        ('name = "N"', "name = N", "line 2"),
        ("steps", "parts", "there are no [[steps]]"),
    ],
)
def test_a_mistake_in_the_file_is_said_with_its_place(tmp_path, before, after, said):
    file = tmp_path / "lesson.toml"
    file.write_text(LESSON)
    [step] = read_lesson(file)
    assert (step.text, step.maps, step.start) == ("In two lines.", True, STEPS[1].start)
    file.write_text(LESSON.replace(before, after))
    with pytest.raises(UserError) as caught:
        read_lesson(file)
    assert str(caught.value).startswith("lesson.toml: ") and said in str(caught.value)


@pytest.mark.parametrize("place", {step.twin for step in STEPS if step.twin})
def test_every_example_has_another_picture_with_nearly_its_features(place, explorer):
    for path in examples().values():
        photo = explorer.photo(path)
        found = find_recovery(photo.digest, Configuration(*place, OPTIMISATION, "features"))
        assert found.points[-1]["feature_error"] < 0.3
        encoder = explorer.engine.encoder(place[0])
        other = to_tensor(found.frames[-1][1])[None]
        one, two = (encoder(x, [place[1]])[place[1]] for x in (photo.photo01[None], other))
        assert relative_error(two, one) < 0.3  # lossy as the file is
        assert psnr(other, photo.photo01[None]) < 25


def test_a_number_beyond_the_lesson_leads_to_its_nearest_step():
    assert [step_at(number) for number in (-3, 1, 8, 99)] == [STEPS[0], STEPS[0], STEPS[7], STEPS[7]]


def test_a_look_that_the_step_does_not_have_leaves_the_controls_alone():
    assert learn.look_at(6, "Hybrid").configuration == STEPS[5].looks[2].configuration
    assert learn.look_at(1, "Hybrid").configuration is None


def test_exactly_one_step_is_marked_as_the_current_one_and_the_ends_lead_nowhere():
    for number in (1, 4, 8):
        marked = re.findall(r'data-step="(\d)" aria-current="step"', learn.steps_html(number))
        assert marked == [str(number)]
    assert 'id="learn-previous" data-step="1" aria-disabled="true"' in learn.steps_html(1)
    assert 'id="learn-next" data-step="8" aria-disabled="true"' in learn.steps_html(8)
    assert "aria-disabled" not in learn.steps_html(4)


def test_pixels_or_eye_says_which_decoder_wins_by_which_figure(explorer):
    rows = {look.label: explorer.results().row(look.configuration).mean for look in STEPS[5].looks}
    assert max(rows, key=lambda label: rows[label]["psnr"]) == "MSE"
    assert min(rows, key=lambda label: rows[label]["lpips"]) == "Hybrid"
    assert "the MSE decoder wins there" in STEPS[5].answer
    assert "The mixture does: it has the best LPIPS" in STEPS[5].answer


def test_an_answer_quotes_what_was_measured(explorer):
    text = learn.thinking_html(STEPS[3], explorer.results())
    for look in STEPS[3].looks:
        row = explorer.results().row(look.configuration)
        assert f"<td>{row.mean['psnr']:.2f}</td>" in text


def test_without_results_an_answer_is_without_a_table():
    assert STEPS[3].answer in learn.thinking_html(STEPS[3], Results())
    assert "<table" not in learn.thinking_html(STEPS[3], Results())


def test_the_feature_maps_are_counted_beside_the_numbers_of_the_photo(explorer, cat):
    text = learn.maps_html(explorer.features(cat, layer="block5"))
    assert "512 maps of 7×7 are 25,088 numbers; the photo is 150,528" in text
