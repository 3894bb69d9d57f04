"""The state of the training run."""
