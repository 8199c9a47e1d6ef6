"""Kills a real Home Assistant at its work, starts it again, and counts what became of it.

Started by ``script/kill-test``. Console and model are simulated, in this process; Home Assistant
runs in one of its own, which ``kill -9`` ends without a chance to write anything.
"""
