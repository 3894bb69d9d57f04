"""The dialog of what was understood of other people's models."""
