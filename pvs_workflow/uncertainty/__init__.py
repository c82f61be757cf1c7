"""Prediction intervals, grade probabilities, and whether an image is in distribution."""
