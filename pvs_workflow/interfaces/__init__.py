"""Nipype interfaces: each loads results of earlier steps, takes one step, and saves its result."""
