"""Paths through a latent space: curves, the path on the data, geodesics, and the evidence along them."""
