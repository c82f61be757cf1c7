"""Evaluate cascades on held-out participants, and cross-validate enhancements."""
