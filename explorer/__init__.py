"""The Latentscape window and command line. TensorFlow never enters the window's process: see ``explorer.client``."""

__version__ = "0.1.0"
