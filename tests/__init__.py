"""Tests; they mirror the rooms, and tests/story tells the whole way."""
