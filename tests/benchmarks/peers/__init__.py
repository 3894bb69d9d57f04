"""The same variational autoencoder trained in different ways, each in a separate process."""
