"""Measuring decoders: evaluation, comparison, costs, statistics, protocols, privacy."""
