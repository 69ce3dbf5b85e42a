"""Every sentence of the texts is said somewhere, and what the code says stands in the texts."""

import re
from pathlib import Path

import pytest

from explorer.ui.texts import filters, texts

UI = Path(filters.__file__).parent.parent
TEMPLATES = {path.stem: path.read_text(encoding="utf-8") for path in (UI / "texts").glob("*.html")}
BROWSER = UI.parent / "browser"  # the page without a server: its scripts get the sentences of "site" by name
CODE = {path: path.read_text(encoding="utf-8") for kind in ("py", "js") for path in UI.rglob(f"*.{kind}")}
CODE |= {path: path.read_text(encoding="utf-8") for path in BROWSER.rglob("*.py")}
SAID_IN_BROWSER = "".join(path.read_text(encoding="utf-8") for path in BROWSER.rglob("*.js"))
NAMED = re.compile(r'\b(\w+)(?:, (\w+))? = texts\("(\w+)"\)(?:, texts\("(\w+)"\))?')


def keys(name: str) -> set[str]:
    return {key for key in vars(texts(name)) if not key.startswith("_")} - {"common", "handouts"}


def said(code: str) -> set[tuple[str, str]]:
    """The (template, key) pairs that a module of code names, by the variables it has for the templates."""
    names: dict[str, str] = {}
    for first, second, template, other in NAMED.findall(code):
        names |= {first: template} | ({second: other} if second else {})
    found = {
        (names[variable], key)
        for variable, key in re.findall(r"\b(\w+)\.([a-z_]\w*)", code)
        if variable in names
    }
    return found | set(re.findall(r'texts\("(\w+)"\)\.(\w+)', code))


SAID = set.union(*map(said, CODE.values()))
NAMED_IN_BROWSER = re.findall(r"[\"'`.](\w+)", SAID_IN_BROWSER)  # say("key") or texts.key
SAID |= {("site", key) for key in NAMED_IN_BROWSER if key in keys("site")}


def test_what_the_code_says_stands_in_the_texts():
    assert not {(name, key) for name, key in SAID if key not in keys(name)}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_what_stands_in_the_texts_is_said(name):
    used = {key for template, key in SAID if template == name}
    for other, template in TEMPLATES.items():
        prefix = rf"\b{name}\." if other != name else r"(?<!\.)\b"
        body = re.sub(r"{%-? (?:set|macro) ([\w, ]+)", "", template) if other == name else template
        used |= {
            key
            for key in keys(name)
            if re.search(rf"{prefix}{key}\b", re.sub(r"{#.*?#}", "", body, flags=re.S))
        }
    assert not keys(name) - used


def test_what_the_scripts_say_is_what_the_texts_have_for_them():
    scripts = "".join(code for path, code in CODE.items() if path.suffix == ".js")
    assert set(re.findall(r"\bTEXTS\.(\w+)", scripts)) | {"present"} == set(texts("page").script)
