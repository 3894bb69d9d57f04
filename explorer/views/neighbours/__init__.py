"""The images that lie nearest to the current point."""
