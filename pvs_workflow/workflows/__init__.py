"""Builders of the Nipype graphs."""
