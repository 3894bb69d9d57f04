"""The Latentscape window and command line. TensorFlow never enters this process: see ``explorer.engine``."""

__version__ = "0.1.0"
