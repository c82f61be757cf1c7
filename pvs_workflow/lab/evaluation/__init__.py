"""Measure cascades: on held-out people, in folds, and on real scans."""
