"""The variational autoencoder: networks, bounds, files, and what can be computed with it."""
