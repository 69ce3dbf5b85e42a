"""What a user reads after giving a wrong name."""

from explorer.errors import UserError, unknown

BLOCKS = ["block1", "block2", "block3"]


def test_a_user_error_is_a_value_error():
    assert issubclass(UserError, ValueError)


def test_the_message_names_the_kind_what_was_given_and_what_is_allowed():
    error = unknown("layer", "conv", BLOCKS)
    assert isinstance(error, UserError)
    assert str(error) == "unknown layer 'conv': choose one of block1, block2, block3"


def test_the_one_close_name_is_suggested_first():
    assert str(unknown("layer", "blok2", BLOCKS)) == (
        "unknown layer 'blok2' (did you mean block2?): choose one of block1, block2, block3"
    )


def test_capitals_do_not_hide_the_close_name():
    assert "(did you mean vgg16?)" in str(unknown("architecture", "VGG16", ["vgg16", "resnet34"]))
    assert "(did you mean block1?)" in str(unknown("layer", "BLOCK1", BLOCKS))


def test_nothing_is_suggested_when_several_names_are_close():
    assert str(unknown("layer", "block9", BLOCKS)) == (
        "unknown layer 'block9': choose one of block1, block2, block3"
    )


def test_a_very_long_name_is_cut():
    assert str(unknown("layer", "x" * 10_000, BLOCKS)).startswith(f"unknown layer '{'x' * 60}...': choose")


def test_an_empty_choice_says_so():
    assert str(unknown("decoder", "linear", [])) == ("unknown decoder 'linear': there is none to choose from")


def test_a_name_that_is_no_text_is_reported_too():
    assert str(unknown("layer", None, BLOCKS)).startswith("unknown layer 'None': choose one of")
