"""The worker that decodes: ``worker`` passes a request to the file of its feature."""
