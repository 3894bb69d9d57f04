"""Explore the latent space of a model that lives in your own Python process: see :func:`explore`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentscape.view import View

__all__ = ["explore"]


def explore(  # noqa: PLR0913, PLR0917
    decode: Callable[[Any], Any],
    encode: Callable[[Any], Any] | None = None,
    images: Any = None,  # noqa: ANN401
    labels: Any = None,  # noqa: ANN401
    names: Any = None,  # noqa: ANN401
    latents: Any = None,  # noqa: ANN401
    latent_dim: int | None = None,
    prior: str = "Normal",
    likelihood: str | None = None,
    title: str = "my model",
) -> View:
    """Open a window on a model and return a view of it at once; the script or notebook goes on.

    Arrays may be NumPy's, tensors with ``detach().cpu()``, or anything with ``__array__``. The functions get arrays of
    NumPy's and are called in a thread of this process, one at a time.

    Parameters
    ----------
    decode : callable
        Takes latents float32 [n, d] and returns images [n, h, w] or [n, h, w, c] with c = 1 or 3: floats in 0 to 1, or
        uint8.
    encode : callable, optional
        Takes images as in ``images``, and returns means [n, d], or means and standard deviations. Pictures that are
        opened in the window have the form of what ``decode`` returns.
    images : array [n, h, w] or [n, h, w, c], optional
        Images for the map: floats in 0 to 1, or uint8.
    labels : array [n], optional
        Classes of the images: whole numbers or words.
    names : sequence of str, optional
        Names of the classes 0, 1, …
    latents : array [n, d], optional
        Codes of the images, which ``encode`` is then not asked for. Without ``images``, they are decoded.
    latent_dim : int, optional
        Number d of latent dimensions, where neither ``latents`` nor ``encode`` tells it.
    prior : str
        Family of the prior: Normal, Laplace, Logistic or StudentT.
    likelihood : str, optional
        Family of p(x|z): bernoulli, continuous_bernoulli or gaussian. The window tells the error of a reconstruction
        by it: of the Bernoulli families the binary cross-entropy, too.
    title : str
        Name of the model in the window.

    Raises
    ------
    ValueError
        If a function fails, or what it returns or was given cannot be used.
    RuntimeError
        If the window cannot be opened.
    """
    from latentscape.exploring import explored

    data = {"images": images, "labels": labels, "names": names, "latents": latents}
    words = {"prior": prior, "likelihood": likelihood, "title": title}
    return explored(decode, encode, data, latent_dim, words)
