"""Explore the latent space of a model that lives in your own Python process."""
