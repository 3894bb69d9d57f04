"""Training a VAE."""
