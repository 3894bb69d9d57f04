"""Everything Latentscape ships besides code: data sets, trained models, icons and fonts.

This package imports nothing from the rest of the project and deals only in names and paths.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

_ROOT = Path(str(files(__name__)))


def bundled_datasets() -> tuple[str, ...]:
    """Return the names of the bundled data sets, sorted, e.g. ``("mnist_10k",)``."""
    return _names("datasets", ".npz")


def bundled_models() -> tuple[str, ...]:
    """Return the sorted names of the bundled models, e.g. ``("mnist-vae-2", "mnist-vae-50", "sprites-vae-10")``."""
    return _names("models", ".safetensors")


def dataset_path(name: str) -> Path:
    """Return the file of the bundled data set ``name``.

    Raises
    ------
    FileNotFoundError
        If no such data set is bundled.
    """
    return _existing("datasets", name, ".npz")


def model_path(name: str) -> Path:
    """Return the file of the bundled model ``name``.

    Raises
    ------
    FileNotFoundError
        If no such model is bundled.
    """
    return _existing("models", name, ".safetensors")


def icon_path(name: str) -> Path:
    """Return the file of the SVG icon ``name``.

    All but ``latentscape`` and those that the style sheet names are drawn in ``currentColor``.

    Raises
    ------
    FileNotFoundError
        If there is no such icon.
    """
    return _existing("icons", name, ".svg")


def guide_folder() -> Path:
    """Return the folder of the documentation: beside this package in a clone, within it where it is installed."""
    installed = _ROOT / "guide"
    return installed if installed.is_dir() else _ROOT.parent / "docs"


def font_paths() -> tuple[Path, ...]:
    """Return the font files of the interface: Inter Regular, Medium and SemiBold."""
    return tuple(sorted((_ROOT / "fonts").glob("*.otf")))


def _names(folder: str, suffix: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (_ROOT / folder).glob(f"*{suffix}")))


def _existing(folder: str, name: str, suffix: str) -> Path:
    known = _names(folder, suffix)
    if name not in known:
        raise FileNotFoundError(f"no {name!r} among the bundled {folder}: {', '.join(known) or 'none'}")
    return _ROOT / folder / f"{name}{suffix}"
