"""What the server knows of one visitor's page."""

from dataclasses import dataclass, field
from typing import Any

from explorer.photos.photo import Photo
from explorer.ui.views import About, Question

Shown = tuple[About, tuple[Any, ...]]  # with the values of the tab's inputs


@dataclass
class Visitor:
    """The photo on a page, its open tab, what is asked of it, and what the tabs show.

    Every step of an answer looks here, before and after its work, whether its question is still asked.
    """

    photo: Photo | None = None  # the last one that could be used
    file: str | None = None  # its path
    tab: str | None = None
    told: float = 0.0  # when the page named its open tab, in its own milliseconds
    asked: Question | None = None  # by the controls; without the values of the tab's inputs
    question: Question | None = None  # what the open tab made of it last
    begun: Question | None = None  # the one whose first step is on the page
    left: set[int] = field(default_factory=set)  # its other steps that are not, by their numbers
    shown: dict[str, Shown] = field(default_factory=dict)  # {tab: what all of it is an answer to}
    buttons: bool = False  # one of those below the message can be seen
    fit_stopped: bool = False

    def tell(self, tab: str, milliseconds: float) -> None:
        """Note which tab is open; what is older than what is known is not looked at."""
        if milliseconds >= self.told:
            self.tab, self.told = tab, milliseconds

    def wants(self, question: Question) -> bool:
        """Return whether this is still what the open tab is to show."""
        return self.question is question and self.asked.about == question.about
