"""The science of Latentscape: distributions, networks, training and the worker processes.

Nothing here knows Qt. ``models.core`` and ``models.protocol`` need NumPy only, and are all that the window
imports; TensorFlow lives behind the rest.
"""
