"""What a server lets happen, and how much of it: read from the environment, with defaults for two cores."""

import os
from dataclasses import dataclass

from explorer.errors import UserError, shortened

ON, OFF = ("1", "on", "yes", "true"), ("0", "off", "no", "false")


@dataclass(frozen=True)
class Limit:
    """A number above zero: the variable of the environment that sets it, and what it limits."""

    variable: str
    default: int
    about: str


@dataclass(frozen=True)
class Switch:
    """What may be switched off with its variable, and what a visitor is told then."""

    variable: str
    about: str
    refusal: str


LIMITS = {
    "memory_mb": Limit(
        "EXPLORER_MEMORY_MB", 3072, "MB kept of networks, decoders, fits, features, photos and results"
    ),
    "sessions_mb": Limit("EXPLORER_SESSIONS_MB", 512, "MB kept of what is on the visitors' pages"),
    "disk_mb": Limit("EXPLORER_DISK_MB", 2048, "MB of uploads and pictures in the temporary folder"),
    "disk_hours": Limit("EXPLORER_DISK_HOURS", 6, "hours that an upload or a picture stays there"),
    "fits_mb": Limit("EXPLORER_FITS_MB", 1024, "MB of fitted decoders in EXPLORER_CACHE"),
    "free_mb": Limit("EXPLORER_FREE_MB", 200, "MB that must be free on the disk for `/readyz`"),
    "body_mb": Limit("EXPLORER_BODY_MB", 1, "MB of a request, where it is no upload"),
    "upload_mb": Limit("EXPLORER_UPLOAD_MB", 64, "MB of an upload"),
    "upload_files": Limit("EXPLORER_UPLOAD_FILES", 16, "files of an upload"),
    "message_mb": Limit("EXPLORER_MESSAGE_MB", 24, "MB of an assistant's message, which holds its photo"),
    "listen_seconds": Limit(
        "EXPLORER_LISTEN_SECONDS", 5, "seconds after which what nobody listens for is not computed"
    ),
    "answers": Limit("EXPLORER_ANSWERS", 2, "answers at once"),
    "answers_waiting": Limit("EXPLORER_ANSWERS_WAITING", 64, "answers that wait"),
    "answers_seconds": Limit("EXPLORER_ANSWERS_SECONDS", 60, "seconds of an answer, its wait included"),
    "fits": Limit("EXPLORER_FITS", 2, "fits and downloads at once"),
    "fits_waiting": Limit("EXPLORER_FITS_WAITING", 16, "fits and downloads that wait"),
    "fits_seconds": Limit("EXPLORER_FITS_SECONDS", 600, "seconds of a fit or a download, its wait included"),
    "searches": Limit("EXPLORER_SEARCHES", 1, "searches (Recover, the decoder optimisation) at once"),
    "searches_waiting": Limit("EXPLORER_SEARCHES_WAITING", 8, "searches that wait"),
    "searches_seconds": Limit("EXPLORER_SEARCHES_SECONDS", 900, "seconds of a search, its wait included"),
    "nice": Limit("EXPLORER_NICE", 10, "niceness of fits, downloads and searches beside answers (Linux)"),
    "search_seconds": Limit("EXPLORER_SEARCH_SECONDS", 300, "seconds that a search itself may take"),
}
SWITCHES = {
    "timm": Switch(
        "EXPLORER_ALLOW_TIMM",
        "any timm network, or those of a list such as `resnet18,vit_tiny_patch16_224`",
        "Other timm networks are switched off on this server.",
    ),
    "fits": Switch(
        "EXPLORER_ALLOW_FITS",
        "linear decoders fitted on the spot",
        "Fitting decoders on the spot is switched off on this server.",
    ),
    "searches": Switch(
        "EXPLORER_ALLOW_SEARCHES",
        "searches without a decoder",
        "Searching without a decoder is switched off on this server.",
    ),
    "api": Switch("EXPLORER_ALLOW_API", "the API", "The API is switched off on this server."),
    "mcp": Switch("EXPLORER_ALLOW_MCP", "the tools for assistants", "MCP is switched off on this server."),
}


def limit(name: str) -> int:
    """Return the number that LIMITS has under a name. Raises UserError when the environment's is none."""
    row = LIMITS[name]
    given = os.environ.get(row.variable) or str(row.default)
    if not given.isdecimal() or not int(given):
        raise UserError(f"{row.variable} is {shortened(given)!r}: give a whole number above zero.")
    return int(given)


def allowed(name: str) -> bool:
    """Return whether what SWITCHES has under a name is on. Raises UserError for a word that says neither."""
    row = SWITCHES[name]
    given = os.environ.get(row.variable, "").strip().lower()
    if given in OFF:
        return False
    if given and given not in ON and name != "timm":
        raise UserError(f"{row.variable} is {shortened(given)!r}: give on or off.")
    return True


def check_allowed(name: str) -> None:
    """Raise UserError when what SWITCHES has under a name is switched off."""
    if not allowed(name):
        raise UserError(SWITCHES[name].refusal)


def allowed_timm() -> list[str] | None:
    """Return the timm networks that may be used, None for all of them."""
    given = os.environ.get(SWITCHES["timm"].variable, "").strip().lower()
    if given in ("", *ON):
        return None
    return [] if given in OFF else [name.strip() for name in given.split(",")]
