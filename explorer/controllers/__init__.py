"""The way from state to the workers and back: one controller for each feature."""
