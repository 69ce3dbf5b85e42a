"""Calls by name: arguments are checked at the door, and pictures exchanged on the way out."""

from typing import get_type_hints

import pytest
from PIL import Image

from explorer import UserError
from explorer.ui.calls import checked, exchanged, exchanged_hint
from explorer.ui.endpoints import Endpoint, Plan, Sent


def show(
    photo: Sent,
    names: list[str],
    layer: str = "block1",
    page: int = 0,
    strength: float | None = None,
    mask: Sent | None = None,
) -> tuple[Image.Image, list[Image.Image], dict[str, float]]:
    """Show nothing."""


SHOW = Endpoint(show, Plan)
GIVEN = {"photo": "a photo", "names": ["x"]}


def test_arguments_come_in_order_with_defaults_and_photos_taken_in():
    found = checked(SHOW, GIVEN | {"strength": 1}, lambda sent: f"taken {sent}")
    assert found == ["taken a photo", ["x"], "block1", 0, 1, None]
    assert checked(SHOW, GIVEN | {"mask": "a mask"}, str.upper)[-1] == "A MASK"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"layer": 1}, "layer must be a text, such as 'block1'."),
        ({"layer": None}, "layer must be a text, such as 'block1'."),
        ({"layer": "x" * 201}, "layer is longer than 200 characters: give the name as /catalogue lists it."),
        ({"page": True}, "page must be a whole number."),
        ({"page": 1.5}, "page must be a whole number."),
        ({"strength": "much"}, "strength must be a number."),
        ({"names": "x"}, "names must be a list of texts."),
        ({"names": [1]}, "names must be a list of texts, 16 at most."),
        ({"names": ["x"] * 17}, "names must be a list of texts, 16 at most."),
        ({"colour": "red"}, "show has no 'colour': it takes photo, names, layer, page, strength, mask."),
    ],
)
def test_a_value_of_another_type_is_told_in_a_sentence(wrong, said):
    with pytest.raises(UserError) as error:
        checked(SHOW, GIVEN | wrong, str)
    assert str(error.value) == said


def test_a_missing_photo_is_for_whoever_takes_it_in_to_tell():
    assert checked(SHOW, {"names": []}, lambda sent: sent)[0] is None
    with pytest.raises(UserError, match="names must be a list of texts"):
        checked(SHOW, {"photo": "a photo"}, str)


def test_pictures_are_exchanged_wherever_they_are():
    picture = Image.new("RGB", (1, 1))
    found = exchanged((picture, [picture, picture], {"psnr": 1.0}), lambda one: one.size)
    assert found == ((1, 1), [(1, 1), (1, 1)], {"psnr": 1.0})


def test_hints_follow_what_is_exchanged():
    hints = {
        name: exchanged_hint(hint, {Sent: str, Image.Image: bytes})
        for name, hint in get_type_hints(show).items()
    }
    assert hints["photo"] is str and hints["mask"] == str | None and hints["names"] == list[str]
    assert hints["return"] == tuple[bytes, list[bytes], dict[str, float]]
