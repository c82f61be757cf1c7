"""Simulation of training data, and training and evaluation of cascades (``pvs_cascade``)."""
