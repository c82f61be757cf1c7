"""Simulated people: real averaged anatomy, an individual shape, and ePVS of known number."""
