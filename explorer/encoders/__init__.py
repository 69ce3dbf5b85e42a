"""Frozen networks: the table of architectures, their weights, and one pass to features."""
