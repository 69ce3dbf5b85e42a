"""Measuring decoders: evaluation, costs, statistics, protocols, privacy."""
