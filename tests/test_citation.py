"""The citation is the same in CITATION.cff, in the package and on the page."""

import tomllib

import yaml

from explorer.ui.texts import texts
from tests.serving import ROOT

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_citation_names_the_version_that_is_packaged_and_the_page_says_the_same():
    assert CITATION["version"] == PROJECT["version"] == texts("page").version
    assert CITATION["license"].lower() == PROJECT["license"].lower() == "apache-2.0"
    said = texts("page").cite()
    assert CITATION["title"] == texts("page").title
    assert all(
        part in said for part in (CITATION["title"], CITATION["version"], CITATION["authors"][0]["name"])
    )
    assert f"version = {{{CITATION['version']}}}" in said
