"""What a person has answered about a file of other people, remembered by its content: nobody is asked twice.

Answers are texts by the names of :class:`models.importing.choices.Choices`, as a window and a command line have them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import platformdirs

from models.core.descriptions import DIGEST_LENGTH
from models.core.errors import UserError
from models.core.files import output_file
from models.core.folders import APP
from models.core.foreign import TRUST
from models.core.reading import open_file, read_file
from models.core.text import shortened
from models.importing.choices import ALLOWED, Choices

Answers = Mapping[str, str]

# Whether the other half of a model, which lies beside the file that was named, belongs to it.
BESIDE, ALONE = "beside", "alone"
LARGEST_BYTES = 1 << 16


def choices_of(answers: Answers) -> Choices:
    """Return the choices that answers stand for; :class:`UserError` if one is none of those there are."""
    given: dict[str, object] = {name: text for name, text in answers.items() if name != BESIDE}
    for name, text in answers.items():
        if name in ALLOWED and text not in ALLOWED[name]:
            raise UserError(name, f"{shortened(text)} is none of {', '.join(ALLOWED[name])}")
    if "image_shape" in given:
        given["image_shape"] = image_shape_of(answers["image_shape"])
    if "label" in given:
        given["label"] = _whole(answers["label"])
    if TRUST in given:
        given[TRUST] = True
    try:
        return Choices(**given)  # type: ignore[arg-type]
    except TypeError as error:
        raise UserError("the answers", "they are about something else") from error


def image_shape_of(text: str) -> tuple[int, int, int]:
    """Return height, width and channels from ``28x28`` or ``32x32x3``; :class:`UserError` if it is no size."""
    parts = text.lower().replace("×", "x").replace(" ", "").split("x")
    if len(parts) not in (2, 3) or not all(part.isdecimal() and len(part) < 6 for part in parts):
        raise UserError(f"the size {shortened(text)}", "a size is HEIGHTxWIDTH or HEIGHTxWIDTHxCHANNELS")
    height, width, channels = (*map(int, parts), 1)[:3]
    return height, width, channels


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise UserError(f"the class {shortened(text)}", "a class is a number from 0")
    return int(text)


def digest_of_files(paths: Sequence[Path]) -> str:
    """Return the digest that tells files by their content: the first digits of a SHA-256; OSError if one is gone."""
    total = hashlib.sha256()
    for path in paths:
        with open_file(path) as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:DIGEST_LENGTH]


def recalled(digest: str) -> dict[str, str] | None:
    """Return what has been answered about the files with this digest, None if nobody has been asked."""
    with suppress(OSError, ValueError, RecursionError):
        answers = json.loads(read_file(_place(digest), LARGEST_BYTES))
        if isinstance(answers, dict) and all(isinstance(text, str) for text in answers.values()):
            return answers
    return None


def remember(digest: str, answers: Answers) -> None:
    """Keep what a person has answered; :class:`UserError` if it cannot be written."""
    with output_file(_place(digest)) as draft:
        draft.write_text(json.dumps(dict(answers), sort_keys=True), "utf-8")


def _place(digest: str) -> Path:
    return platformdirs.user_data_path(APP) / "imports" / f"{digest}.json"
