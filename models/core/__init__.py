"""What both processes know: NumPy and the standard library only."""
