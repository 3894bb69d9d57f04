"""Clients of the worker processes: the only part of the window that talks to them."""
