"""Data sets: opening, caching, generating."""
