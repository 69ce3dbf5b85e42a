"""The folders that strangers fill, swept by age and size."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SWEEP_SECONDS = 60
FRESH_SECONDS = 60  # an empty folder may be waiting for its file
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Room:
    """A folder in which files stay for so many seconds (None: for ever), the latest in so many bytes."""

    folder: Path
    seconds: float | None
    most_bytes: int

    def sweep(self) -> int:
        """Delete what is too old, then the oldest of what is too much, and empty folders; return how many."""
        files, now = [], time.time()
        for path in self.folder.rglob("*"):
            with suppress(OSError):
                if path.is_file() and not path.is_symlink():
                    known = path.stat()
                    files.append((known.st_mtime, known.st_size, path))
        files.sort(key=lambda file: file[:2])
        total, deleted = sum(size for _, size, _ in files), 0
        for changed, size, path in files:
            old = self.seconds is not None and now - changed > self.seconds
            if not old and total <= self.most_bytes:
                break
            with suppress(OSError):
                path.unlink()
                deleted, total = deleted + 1, total - size
        for folder, _, _ in os.walk(self.folder, topdown=False):
            with suppress(OSError):
                if Path(folder) != self.folder and now - os.stat(folder).st_mtime > FRESH_SECONDS:
                    os.rmdir(folder)
        return deleted


def sweep_regularly(rooms: Sequence[Room], others: Sequence[Callable[[], object]] = ()) -> threading.Thread:
    """Sweep now and every minute, in a thread; `others` are called then, too."""

    def sweep() -> None:
        while True:
            for clean in (*(room.sweep for room in rooms), *others):
                try:
                    clean()
                except Exception:
                    log.exception("sweeping failed")
            time.sleep(SWEEP_SECONDS)

    thread = threading.Thread(target=sweep, name="sweeper", daemon=True)
    thread.start()
    return thread
