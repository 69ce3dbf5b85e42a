"""Forgets what the machine has set for the app, the hub's client or a cluster; some is read on import.

`tests/conftest.py` imports this before anything else.
"""

import os

PREFIXES = ("EXPLORER_", "GRADIO_", "HF_")
NAMES = ("PORT", "RAY_ADDRESS", "WORLD_SIZE")

for name in list(os.environ):
    if name.startswith(PREFIXES) or name in NAMES:
        del os.environ[name]

# Each of the processes that share the tests has one core: more threads would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
