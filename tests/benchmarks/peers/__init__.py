"""The same variational autoencoder trained by different means, each in a process of its own."""
