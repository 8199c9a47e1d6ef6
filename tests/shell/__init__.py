"""Tests of the Home Assistant shell."""
