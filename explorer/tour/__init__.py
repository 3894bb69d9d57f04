"""A guided tour of the real window that takes pictures and timings."""
