"""Explore the principal components of scikit-learn's digits: ``pip install scikit-learn``."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import latentscape
from latentscape.view import View


def explored() -> View:
    """Open the window on ten components, whitened so that the prior of z is standard normal."""
    digits = load_digits()
    images = digits.images / 16.0
    pca = PCA(10, whiten=True).fit(images.reshape(len(images), -1))

    def decode(z: np.ndarray) -> np.ndarray:
        return np.clip(pca.inverse_transform(z), 0.0, 1.0).reshape(-1, 8, 8)

    def encode(x: np.ndarray) -> np.ndarray:
        return pca.transform(x.reshape(len(x), -1))

    return latentscape.explore(decode, encode, images, labels=digits.target, title="PCA of digits")


if __name__ == "__main__":
    explored().wait()
