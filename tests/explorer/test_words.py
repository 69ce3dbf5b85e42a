"""Every text of words.toml is used, and what the code asks for stands there."""

import re
import tomllib

import pytest

from explorer.words import FILE

SECTIONS = tomllib.loads(FILE.read_text(encoding="utf-8"))
ROOT = FILE.parent
USED_BY = {
    "verdict": [ROOT / "measures" / "comparison.py"],
    "charts": sorted((ROOT / "pictures" / "plots").glob("*.py")),
    "sheet": [ROOT / "pictures" / "contact_sheets.py"],
}
COSTS = {"parameters", "milliseconds"}  # columns of the results, asked for by name


def test_each_section_is_used_in_one_place():
    naming = re.compile(r'words\("(\w+)"\)')
    found = {
        (section, path)
        for path in ROOT.rglob("*.py")
        for section in naming.findall(path.read_text(encoding="utf-8"))
    }
    assert {section for section, _ in found} == set(SECTIONS) == set(USED_BY)
    assert all(path in USED_BY[section] for section, path in found)


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_what_the_code_says_is_what_stands_there(section: str):
    code = "".join(path.read_text(encoding="utf-8") for path in USED_BY[section])
    asked = set(re.findall(r"\bsaid\.(\w+)", code)) | (COSTS if "getattr(said" in code else set())
    assert asked == set(SECTIONS[section])
