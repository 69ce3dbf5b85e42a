"""The guided lesson, read from lesson.toml, which says what its keys are."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from explorer.configurations import Configuration
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError
from explorer.measures.comparison import parse_configuration

FILE = Path(__file__).with_name("lesson.toml")


@dataclass(frozen=True)
class Look:
    """One setting of the controls that a step asks to look at."""

    label: str
    configuration: Configuration


@dataclass(frozen=True)
class Step:
    """One step. It starts with its first look at the example photo called `example`.

    `text` marks the terms that it explains by asterisks. `maps` says that the feature maps are shown, `table`
    that the worksheet asks for the figures of every look; `tab` is the name of a tab that shows more, and
    `study` says that the privacy study is shown. `predict` are answers to guess from before one looks,
    `curve` draws the PSNR of the looks taken, and `beside` puts the pictures of all looks side by side.
    `twin` is a layer, ("alexnet", "conv5"), at which another picture with nearly its features is shown.
    `minutes` is how long it takes in class, and `in_class` what a teacher may do there.
    """

    name: str
    title: str
    text: str
    task: str
    question: str
    answer: str
    example: str
    looks: tuple[Look, ...]
    maps: bool = False
    table: bool = False
    tab: str | None = None
    study: bool = False
    predict: tuple[str, ...] = ()
    curve: bool = False
    beside: bool = False
    twin: tuple[str, str] | None = None
    minutes: int = 5
    in_class: str = ""

    @property
    def start(self) -> Configuration:
        return self.looks[0].configuration


KINDS = {field.name: field.type for field in fields(Step)} | {"looks": dict, "predict": list, "twin": str}
NEEDED = [field.name for field in fields(Step) if field.default is MISSING]


def read_lesson(path: Path) -> tuple[Step, ...]:
    """Return the steps of a file. Raises UserError, saying where, for one that is not as it should be."""
    try:
        steps = tomllib.loads(path.read_text(encoding="utf-8")).get("steps")
        if not steps:
            raise UserError("there are no [[steps]].")
        return tuple(_step(number, step) for number, step in enumerate(steps, start=1))
    except (UserError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path.name}: {error}") from error


def _step(number: int, given: Mapping[str, Any]) -> Step:
    """Return a step from its table. Raises UserError for a key that is missing, unknown or of no use."""
    for key in NEEDED:
        if not given.get(key):
            raise UserError(f"step {number} has no {key}.")
    for key, value in given.items():
        if key not in KINDS:
            raise UserError(f"step {number} has '{key}': allowed are {', '.join(KINDS)}.")
        if not isinstance(value, KINDS[key]):
            raise UserError(f"step {number} has {value!r} for {key}, which cannot be.")
    looks = tuple(Look(label, parse_configuration(str(text))) for label, text in given["looks"].items())
    predict = tuple(_one_line(str(text)) for text in given.get("predict", ()))
    one_line = {key: _one_line(value) for key, value in given.items()}
    return Step(**one_line | {"looks": looks, "predict": predict, "twin": _place(given.get("twin"))})


def _place(text: str | None) -> tuple[str, str] | None:
    """Return a layer of a network from its text, "alexnet/conv5". Raises UserError for one there is not."""
    if text is None:
        return None
    architecture, _, layer = text.partition("/")
    return architecture, encoder_spec(architecture).layer(layer).name


def _one_line(value: Any) -> Any:
    """Return a text without the line ends of the file; what is no text stays as it is."""
    return " ".join(value.split()) if isinstance(value, str) else value


def step_at(number: int) -> Step:
    """Return the step with a number, counted from 1; the nearest one if there is none."""
    return STEPS[min(max(1, number), len(STEPS)) - 1]


STEPS = read_lesson(FILE)
