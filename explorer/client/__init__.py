"""The worker processes as the window sees them: start, requests, replies, folders."""
