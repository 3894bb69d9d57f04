"""The science of Latentscape: distributions, networks, training and the worker processes.

Nothing here knows Qt. ``models.protocol`` and ``models.geometry`` need NumPy only, and are all that the window
imports; TensorFlow lives behind the rest.
"""
