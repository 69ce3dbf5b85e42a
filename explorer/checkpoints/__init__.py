"""Decoder checkpoints: files, the catalogue of a folder, and linear fits on the spot."""
