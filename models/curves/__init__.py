"""The curves of a distribution as they are drawn."""
