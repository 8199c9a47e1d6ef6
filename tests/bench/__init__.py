"""Measures what the project promises, as ratios and bounds within one run."""
