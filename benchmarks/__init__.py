"""Measured ratios, and how to measure them again."""
