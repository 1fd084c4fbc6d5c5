"""Disparities within the strata of control columns."""
