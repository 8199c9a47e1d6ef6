"""The main job, live: a console, a model and a real Home Assistant on this machine.

Started by ``script/demo``. Home Assistant runs in a process and a configuration folder of its
own and is set up over its API, as its frontend would: nothing in it is patched.
"""
