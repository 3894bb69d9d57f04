"""The worker that decodes."""
