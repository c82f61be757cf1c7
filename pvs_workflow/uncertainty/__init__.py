"""Prediction intervals, grade probabilities and detection of out-of-distribution images."""
