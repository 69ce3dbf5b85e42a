"""Limits come from the environment, and the documentation names each of them."""

import pytest

from explorer.errors import UserError
from explorer.limits import LIMITS, SWITCHES, allowed, allowed_timm, limit
from tests.serving import ROOT


def test_a_limit_is_its_default_or_what_the_environment_says(monkeypatch):
    assert limit("answers") == LIMITS["answers"].default
    monkeypatch.setenv("EXPLORER_ANSWERS", "7")
    assert limit("answers") == 7


@pytest.mark.parametrize("given", ["0", "-1", "two", "1e3", "1.5"])
def test_a_limit_that_is_no_number_above_zero_is_refused(given, monkeypatch):
    monkeypatch.setenv("EXPLORER_ANSWERS", given)
    with pytest.raises(UserError, match="EXPLORER_ANSWERS is .*: give a whole number above zero"):
        limit("answers")


@pytest.mark.parametrize(("given", "is_on"), [("", True), ("on", True), ("Off", False), ("0", False)])
def test_a_switch_is_on_unless_it_is_switched_off(given, is_on, monkeypatch):
    monkeypatch.setenv("EXPLORER_ALLOW_API", given)
    assert allowed("api") is is_on


def test_a_switch_that_says_neither_is_refused(monkeypatch):
    monkeypatch.setenv("EXPLORER_ALLOW_API", "perhaps")
    with pytest.raises(UserError, match="give on or off"):
        allowed("api")


@pytest.mark.parametrize(("given", "ids"), [("", None), ("on", None), ("off", []), ("a, b", ["a", "b"])])
def test_timm_networks_may_be_all_none_or_some(given, ids, monkeypatch):
    monkeypatch.setenv("EXPLORER_ALLOW_TIMM", given)
    assert allowed_timm() == ids


def test_the_documentation_names_every_limit_and_switch_as_it_is():
    lines = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8").splitlines()
    for row in LIMITS.values():
        assert f"| `{row.variable}` | {row.about} | {row.default} |" in lines
    for row in SWITCHES.values():
        assert f"| `{row.variable}` | {row.about} | on |" in lines
