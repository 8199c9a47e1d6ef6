"""Tests of the door in: the real client against a simulated console."""
