"""Nipype interfaces: each loads results of earlier steps, runs one step, and saves its result."""
