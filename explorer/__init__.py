"""The Latentscape window and command line. TensorFlow never enters this process: see ``models.workers``."""

__version__ = "0.1.0"
