"""Put a person's functions and data together as a model, and open a window on it."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import Any

from latentscape.caller import Caller
from latentscape.functions import Function, FunctionError, Functions, as_array, as_codes
from latentscape.own_images import OwnImages
from latentscape.view import View
from latentscape.wire import LIKELIHOODS, PRIORS, Description

DIGEST_BYTES = 8


def explored(
    decode: Function,
    encode: Function | None,
    data: dict[str, Any],
    latent_dim: int | None,
    words: dict[str, Any],
) -> View:
    """Return the view of :func:`latentscape.explore`: ``data`` are its images, labels, names and latents."""
    for word, known in (("prior", PRIORS), ("likelihood", (None, *LIKELIHOODS))):
        if words[word] not in known:
            raise FunctionError(f"{word} must be {', '.join(map(str, known[:-1]))} or {known[-1]}, not {words[word]!r}")
    dims = _latent_dim(encode, data, latent_dim)
    functions = Functions(decode, encode, dims)
    given = any(value is not None for value in data.values())
    own = OwnImages(functions, **data) if given else None
    folder = tempfile.TemporaryDirectory(prefix="latentscape-", ignore_cleanup_errors=True)
    path = Path(folder.name) / "images.npz"
    if own is not None:
        own.write(path)
    description = Description(
        digest=secrets.token_hex(DIGEST_BYTES),
        latent_dim=dims,
        image_shape=functions.image_shape,
        encodes=functions.encodes or data["latents"] is not None,
        data="" if own is None else str(path),
        label_names=() if own is None else own.label_names,
        **words,
    )
    return View(Caller(functions, description, own), folder)


def _latent_dim(encode: Function | None, data: dict[str, Any], given: int | None) -> int:
    """Return the number of latent dimensions: as given, of the latents, or of what ``encode`` makes of an image."""
    if given is not None:
        return int(given)
    if data["latents"] is not None:
        return _width(data["latents"], None, "latents")
    if encode is None or data["images"] is None:
        raise FunctionError("say how many dimensions z has: latent_dim=…")
    codes = encode(as_array(data["images"], "images")[:1])
    return _width(codes[0] if isinstance(codes, tuple) else codes, 1, "encode's means")


def _width(codes: Any, count: int | None, name: str) -> int:  # noqa: ANN401
    width: int = as_codes(codes, count, None, name).shape[1]
    return width
