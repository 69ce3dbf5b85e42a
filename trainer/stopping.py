"""Ctrl-C and SIGTERM, which end a command alike: at once, or when it says that it can be left."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Stopping:
    """Whether a command was asked to stop. Unless it is `at_once`, the first time only notes it."""

    at_once: bool = True
    asked: bool = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.at_once or self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Turn the signals into KeyboardInterrupt within the block, which is in the main thread."""
    found = Stopping()
    before = {number: signal.signal(number, found.on_signal) for number in SIGNALS}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
