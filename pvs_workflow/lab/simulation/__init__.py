"""Simulation of T2w, T1w and FLAIR scans with a known number of ePVS."""
