"""Nipype interfaces: each loads, makes one call into the science, and saves."""
