"""Models and histories in the formats of other programs."""
