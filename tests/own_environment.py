"""Forgets what the machine has set for the app, the hub's client or a cluster; some is read on import.

`tests/conftest.py` imports this before anything else.
"""

import os

PREFIXES = ("EXPLORER_", "GRADIO_", "HF_")
NAMES = ("PORT", "RAY_ADDRESS", "WORLD_SIZE")

for name in list(os.environ):
    if name.startswith(PREFIXES) or name in NAMES:
        del os.environ[name]

if (
    "PYTEST_XDIST_WORKER" in os.environ
):  # each has a core: threads that wait for each other's take all of both
    os.environ["OMP_NUM_THREADS"] = "1"
