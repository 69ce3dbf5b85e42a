"""A search as the page knows it: what it is asked for, what it found on its way, and whether it goes on."""

from dataclasses import dataclass, field

from explorer.measures.metrics import Metrics
from explorer.ui.views import Question

MAX_FRAMES = 60  # that are kept, to be looked at again; even, so that the last one stays


@dataclass
class Search:
    """A search that may be `running`, or wait to; stopped by a click, superseded by another question.

    `rivals` are the figures of what it is compared with, by name, and `frames` its pictures, (step, path).
    """

    question: Question
    rivals: dict[str, Metrics] = field(default_factory=dict)
    frames: list[tuple[int, str]] = field(default_factory=list)
    running: bool = False
    stopped: bool = False
    superseded: bool = False

    @property
    def ended(self) -> bool:
        return self.stopped or self.superseded

    def keep(self, step: int, path: str) -> None:
        """Keep a picture; when there are too many, every second one goes."""
        self.frames.append((step, path))
        if len(self.frames) > MAX_FRAMES:
            self.frames = self.frames[::2]
