"""Command line of ``pvs_cascade``."""
