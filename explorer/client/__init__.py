"""The worker processes as the window sees them."""
