"""Nipype graphs: which node feeds which, and nothing else."""
