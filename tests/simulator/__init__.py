"""Tests of the simulator itself: it must be what it claims to be."""
