"""Answers what an assistant asks about the past; ``llm.py`` is the door to it.

``places`` says which cameras it may know of, ``times`` what its words for times mean, ``matching``
which Sightings it can have meant, ``search`` reads them, and ``spoken`` puts them into words.
"""
