"""Simulate, train and evaluate cascades: everything behind ``pvs_cascade``."""
