"""Where the project's own files lie."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BUNDLED = PROJECT / "checkpoints"
EXAMPLES = PROJECT / "assets" / "examples"
RECOVERIES = PROJECT / "assets" / "recoveries"
