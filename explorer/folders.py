"""Where the project's own files lie."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BUNDLED = PROJECT / "checkpoints"
EXAMPLES = PROJECT / "assets" / "examples"
RECOVERIES = PROJECT / "assets" / "recoveries"
SITE_TABLES = "site.json"  # what tells the page without a server from any other folder


def site_folder() -> Path:
    """Return where the page without a server is that the server serves, too, if it was made there."""
    return Path(os.environ.get("EXPLORER_SITE") or PROJECT / "site")


def has_site() -> bool:
    return (site_folder() / SITE_TABLES).is_file()
