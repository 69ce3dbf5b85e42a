"""What a tab is to the page: what it asks for, the steps in which it answers, and where it leads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any, NamedTuple

from explorer.configurations import Configuration
from explorer.photos.photo import Photo, Position

Update = dict[Any, Any]


@dataclass(frozen=True)
class Trouble:
    """Why there is no answer, as HTML, and whether the visitor is offered to try `again`."""

    said: str
    again: bool = False


class About(NamedTuple):
    """What is seen on a tab: a photo, by its digest, in one configuration."""

    tab: str
    photo: str | None
    configuration: Configuration


@dataclass(frozen=True, eq=False)
class Question:
    """What a tab is asked to show. Each asking makes one of its own.

    `photo` is None where the page has none, `configuration` is on offer, `said` is the message that comes
    with the answer, as HTML, and `values` are those of the tab's inputs. One with a `trouble` is answered by
    emptiness.
    """

    tab: str
    photo: Photo | None
    configuration: Configuration
    said: str = ""
    values: tuple[Any, ...] = ()
    trouble: Trouble | None = None

    @property
    def about(self) -> About:
        return About(self.tab, self.photo and self.photo.digest, self.configuration)


@dataclass(frozen=True)
class Jump:
    """A view to go to; None leaves the tab, the configuration or the photo as it is.

    The photo is an `example` by its name, for whoever `keeps_own` only in the place of another example, or an
    uploaded `file` by its path; `at` is where an own one is cropped.
    """

    tab: str | None = None
    configuration: Configuration | None = None
    example: str | None = None
    keeps_own: bool = False
    file: str | None = None
    at: Position | None = None


@dataclass(frozen=True)
class Step:
    """Part of a tab's answer: `show(question, *its values, *values of memory)` returns updates of `outputs`.

    It may raise a UserError. What has been overtaken by another question is not shown.
    """

    show: Callable[..., Update]
    outputs: list[Any]
    memory: list[Any] = default(default_factory=list)


@dataclass(frozen=True)
class View:
    """One tab's part in the page.

    Of the `steps` the first runs when the tab is opened, when the question changes while it is open, and at
    the `triggers`, events of the tab's own components; not when photo, configuration and `inputs` are those
    that are shown. The others follow it, all at once. `empty()` returns the update of all their outputs for
    no photo. `jumps` are (event, components, function of their values that returns a Jump). `in_address` are
    the inputs that a permalink holds, by their names there, each with the type of its value. A tab that
    `needs_photo` is empty without one; another is asked also then. `shows(configuration, *values of inputs)`
    are the configurations whose decoders it shows, which are fitted before, where that is needed.
    `interrupt(value of running)` ends what the tab does on its own, because the page shows something else.
    `opens(what an address asks)` is the view that an address means which names no other, and `own(*values of
    inputs)` names what of the visitor's own is on the tab, which no permalink holds (keys of the texts).
    """

    steps: list[Step]
    empty: Callable[[], Update]
    inputs: list[Any] = default(default_factory=list)
    triggers: list[Any] = default(default_factory=list)
    jumps: list[tuple[Any, list[Any], Callable[..., Jump]]] = default(default_factory=list)
    in_address: dict[str, tuple[Any, Callable[[str], Any]]] = default(default_factory=dict)
    needs_photo: bool = True
    shows: Callable[..., Sequence[Configuration]] = lambda configuration, *values: [configuration]
    running: Any = None
    interrupt: Callable[[Any], None] = lambda running: None
    opens: Callable[[Mapping[str, str]], Jump] = lambda asked: Jump()
    own: Callable[..., list[str]] = lambda *values: []
