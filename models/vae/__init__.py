"""The variational autoencoder: networks, bounds, files, what is asked of it."""
