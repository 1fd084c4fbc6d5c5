"""Fairness of a numeric label."""
