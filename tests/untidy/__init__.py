"""Datasets as people really have them, each with the result that it must give."""
