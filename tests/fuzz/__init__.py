"""Broken on purpose: mutated clips, pictures, answers and event documents, thousands of each."""
