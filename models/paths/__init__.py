"""Paths through a latent space: curves, the way on the data, geodesics, and the evidence along them."""
