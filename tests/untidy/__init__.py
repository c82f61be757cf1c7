"""Untidy datasets, machines and file systems, each with its right outcome."""
