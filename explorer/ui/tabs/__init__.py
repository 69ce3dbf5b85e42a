"""One module a tab: its components and what it shows."""
