"""The log: one JSON object a line, with the id of the request; no photos, names of files or addresses."""

import json
import logging
import logging.config
import re
import time
import traceback
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
PATH_OR_ADDRESS = re.compile(r"(?:\w+:/)?/\S+|\b\d{1,3}(?:\.\d{1,3}){3}\b|\S*[0-9a-f]*:[0-9a-f]*:[0-9a-f:]+")
FRAMES = 12  # of a traceback, the last ones
A_MINUTE = 60.0
MOST_A_MINUTE = 30  # of one place's warnings and errors


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; what is raised by its type and where, and without names."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": nameless(record.getMessage()),
        }
        if name := request_id.get():
            row["request"] = name
        row |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            row["error"] = f"{type(error).__name__}: {nameless(str(error))}"[:300]
            frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
            row["trace"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(row, default=str)


class Sparing(logging.Filter):
    """Lets so many warnings and errors a minute pass of each line of code: nobody can flood the log."""

    def __init__(self):
        super().__init__()
        self._minute = 0.0
        self._counts: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        if record.created - self._minute > A_MINUTE:
            self._minute, self._counts = record.created, {}
        place = record.pathname, record.lineno
        self._counts[place] = self._counts.get(place, 0) + 1
        return self._counts[place] <= MOST_A_MINUTE


def nameless(text: str) -> str:
    """Return a text without what it quotes, and without paths and addresses: they may be a visitor's."""
    return PATH_OR_ADDRESS.sub("…", QUOTED.sub("…", text))


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "filters": {"sparing": {"()": Sparing}},
    "handlers": {
        "lines": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["sparing"],
            "stream": "ext://sys.stderr",
        }
    },
    "root": {"handlers": ["lines"], "level": "WARNING"},
    "loggers": {
        "explorer": {"level": "INFO"},
        # its own lines name addresses; the requests are in ours
        "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
        "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}


def log_as_json() -> None:
    """Let everything be logged in this way; again after uvicorn, which configures its own loggers."""
    logging.captureWarnings(True)
    logging.config.dictConfig(LOGGING)
