"""What the jobs of a sweep last said; imports nothing, so that the process that holds it starts at once."""


class Board:
    """What each job last said of its progress; an actor that all tasks write to."""

    def __init__(self):
        self._said: dict[str, tuple[int, str]] = {}

    def say(self, job: str, step: int, summary: str) -> None:
        self._said[job] = (step, summary)

    def all(self) -> dict[str, tuple[int, str]]:
        return self._said
