"""Readers' ratings, their agreement, and the reading sheet's key."""
