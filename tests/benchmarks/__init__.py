"""Measurements that print JSON; ``python -m tests.benchmarks`` runs them all. Nothing here is asserted."""
