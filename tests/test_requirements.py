"""The locked packages of the image satisfy the requirements, and name no place to fetch them from."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.serving import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
ASKED = [Requirement(line) for line in (ROOT / "requirements.txt").read_text().splitlines()]
COMMAND = LOCK.partition("via the following command:\n#    ")[2].partition("\n")[0]


def locked() -> dict[str, tuple[Version, int]]:
    """Each locked package's version on this machine, and how many digests it has."""
    found = {}
    for entry in re.split(r"\n(?=\w)", LOCK.replace("\\\n", " ")):
        requirement, *digests = re.split(r"\s+--hash=sha256:(?=[0-9a-f]{64}\b)", entry.strip())
        if requirement.startswith("#"):
            continue
        pin = Requirement(requirement)
        if not pin.marker or pin.marker.evaluate():
            [specifier] = pin.specifier
            assert specifier.operator == "=="
            found[canonicalize_name(pin.name)] = (Version(specifier.version), len(digests))
    return found


def needed(asked: list[Requirement], pins: dict[str, tuple[Version, int]]) -> Iterator[Requirement]:
    """What is asked for, and what that needs, as far as the very version that is locked is installed here."""
    waiting, seen = list(asked), set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            yield requirement
            waiting += own_requirements(name, extras, pins)


def own_requirements(name: str, extras: frozenset[str], pins: dict) -> list[Requirement]:
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        return []
    if name not in pins or Version(installed.version).public != pins[name][0].public:
        return []
    chosen = [{"extra": extra} for extra in extras or [""]]
    every = map(Requirement, installed.requires or [])
    return [r for r in every if not r.marker or any(map(r.marker.evaluate, chosen))]


def test_lock_satisfies_the_requirements_and_what_these_need():
    pins = locked()
    lacking = [
        str(requirement)
        for requirement in needed(ASKED, pins)
        if (name := canonicalize_name(requirement.name)) not in pins
        or not requirement.specifier.contains(pins[name][0], prereleases=True)
    ]
    assert lacking == [], f"run: {COMMAND}"


def test_every_locked_package_has_digests_and_none_an_address():
    assert {name for name, (_, digests) in locked().items() if not digests} == set()
    assert "://" not in LOCK and "--index-url" not in LOCK and " @ " not in LOCK
