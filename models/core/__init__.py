"""Facts and types that both processes know: NumPy and the standard library only."""
