"""Measurements behind the documentation: run ``python -m benchmarks.NAME`` in the repository."""
