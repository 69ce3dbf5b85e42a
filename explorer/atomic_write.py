"""Files that hold all that was meant for them, or what they held before."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil

HOST = platform.node().replace(".", "-")[:60]
ABANDONED_SECONDS = 24 * 3600  # a part that is not touched for so long belongs to nobody, on any machine


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path to write to that becomes `path` when the block has ended well, and is gone otherwise.

    The folder is made if needed, and parts in it whose writer was killed are removed. Raises OSError when it
    or the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_orphans(path.parent)
    part = path.with_name(f".{path.name[:40]}.{HOST}.{os.getpid()}.{uuid4().hex}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def remove_orphans(folder: Path) -> None:
    """Remove the parts in a folder whose process, on this machine, is gone, or that are a day old."""
    for part in folder.glob(".*.part"):
        with suppress(OSError):  # another process may remove it first
            if _is_orphan(part):
                part.unlink()


def _is_orphan(part: Path) -> bool:
    if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
        return True
    _, host, pid, _, _ = ("." * 4 + part.name).rsplit(".", 4)
    return host == HOST and pid.isdecimal() and not psutil.pid_exists(int(pid))
