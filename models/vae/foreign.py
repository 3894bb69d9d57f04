"""Open any model: a file of Latentscape as it is, one of other people by way of a model file in the cache."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from models.core.descriptions import digest_of_model
from models.core.errors import UserError
from models.core.files import is_file, is_folder, naming, reason_of, whole_file
from models.core.folders import cache_root
from models.core.foreign import PROGRAM, TRUST
from models.core.formats import MODEL_SUFFIX, TFJS
from models.core.limits import bounded
from models.importing.answers import ALONE, BESIDE, Answers, choices_of, digest_of_files, recalled
from models.importing.choices import Choices
from models.importing.halves import find_halves
from models.importing.labels import classes_of
from models.importing.opening import contents_of, files_of, is_program, read_model
from models.importing.parsed import Parsed
from models.importing.programs import IS_PROGRAM, TRUST_IT
from models.importing.refusal import RefusedError
from models.vae.importing import Imported, import_parsed, read_best
from models.vae.model_file import OpenedModel, held_at_class, is_foreign, model_bytes, open_model

# Model files made of other people's, or held at another class: those used longest ago go first.
MOST_KEPT = 30
HALVES = ("encoder", "Encoder", "ENCODER"), ("decoder", "Decoder", "DECODER")
# What diffusers calls every file of weights.
DIFFUSERS = "diffusion_pytorch_model"
# By the names of answers: the options of ``latentscape import``.
OPTIONS = {"image_shape": "size", "log_var": "log-var"}


@dataclass(frozen=True)
class Files:
    """The files of a model of other people, as they were read; ``other`` is what lies beside the one that was named.

    ``choices`` are those they were read with: of weights without architecture, with what was tried out.
    """

    paths: tuple[Path, ...]
    parsed: tuple[Parsed, ...]
    choices: Choices
    other: Path | None


@dataclass(frozen=True)
class Understanding:
    """What was made of files with some answers: a model, or a fault; ``classes`` of a conditional one."""

    files: Files
    answers: Answers
    classes: int
    imported: Imported | None
    fault: UserError | None


@dataclass(frozen=True)
class _Kept:
    """Files that were read with some choices; ``stamps`` tell whether they have changed since."""

    stamps: tuple[tuple[str, int, int], ...]
    asked: Choices
    files: Files

    def files_for(self, stamps: tuple[tuple[str, int, int], ...], choices: Choices) -> Files | None:
        """Return the files if they have not changed and would be read in the same way with these choices."""
        if stamps != self.stamps:
            return None
        if choices == self.asked:
            return self.files
        same = (choices.hidden, choices.image_shape) == (self.asked.hidden, self.asked.image_shape)
        inferred = any(file.inferred for file in self.files.parsed)
        return replace(self.files, choices=choices) if same and not inferred else None


class Reader:
    """Reads models; the files of other people that were read last are kept, so that another answer is quick."""

    def __init__(self) -> None:
        self._last: _Kept | None = None

    def open(self, path: str | Path, answers: Answers | None = None, label: int | None = None) -> OpenedModel:
        """Open a model; without ``answers`` those count that a person gave earlier, and guesses where there are none.

        A conditional model is held at the class ``label``, if one is given. :class:`UserError` if it is not opened.
        """
        opened = self._opened(Path(path), answers)
        if label is None or label == opened.info.label:
            return opened
        content = model_bytes(opened.info, held_at_class(opened, label), opened.architecture)
        return _kept(content, opened.info.origin)

    def forget(self) -> None:
        """Let the files that were read last go: they may be large."""
        self._last = None

    def _opened(self, path: Path, answers: Answers | None) -> OpenedModel:
        if not is_foreign(path):
            return open_model(path)
        understanding = self.understand(path, answers)
        if understanding.imported is None:
            raise understanding.fault or UserError(path.name, "it is not understood")
        return _kept(understanding.imported.content(), str(path.absolute()))

    def understand(self, path: Path, answers: Answers | None = None) -> Understanding:
        """Return what other people's model at ``path`` is taken for; :class:`UserError` if a file cannot be read."""
        if not is_foreign(path):
            raise UserError(path.name, "this is a model file of Latentscape, about which nothing is guessed")
        if answers is None:
            answers = recalled(identity(path)) or {}
        with bounded(path.name):
            if BESIDE in answers or _holds_all(path) or beside(path) is None:
                return self._understood(path, answers)
            return self._with_other(path, answers)

    def _with_other(self, path: Path, answers: Answers) -> Understanding:
        """Take the file beside the named one for the other half, unless that makes no sense: it may be a stranger."""
        both = None
        with suppress(UserError):
            both = self._understood(path, answers)
        if both is not None and both.imported is not None:
            return both
        alone = self._understood(path, {**answers, BESIDE: ALONE})
        return alone if both is None or alone.imported is not None else both

    def _understood(self, path: Path, answers: Answers) -> Understanding:
        choices = choices_of(answers)
        if not choices.trust and any(map(is_program, files_of(path))):
            unread = Files((path,), (), choices, None)
            return Understanding(unread, answers, 0, None, UserError(path.name, IS_PROGRAM, TRUST_IT))
        files = self._read(path, choices, alone=answers.get(BESIDE) == ALONE)
        choices, classes = files.choices, _classes(files.parsed)
        if classes and choices.label is None:
            choices = replace(choices, label=0)
        try:
            name = _name(path, halves=len(files.paths) > 1)
            imported = import_parsed(files.parsed, choices, name, _recipe(files.paths, answers, name), path.name)
        except UserError as fault:
            return Understanding(files, answers, classes, None, fault)
        return Understanding(files, answers, classes, imported, None)

    def _read(self, path: Path, choices: Choices, alone: bool) -> Files:
        """Read the files, or take those that were read last if they are the same."""
        named = files_of(path)
        other = None if _holds_all(path) else beside(path)
        paths = (*named, other) if other is not None and not alone else tuple(named)
        stamps = tuple(_stamp(file) for path in paths for file in contents_of(path))
        kept = None if self._last is None else self._last.files_for(stamps, choices)
        if kept is None:
            parsed, tried = read_best(lambda chosen: [read_model(file, chosen) for file in paths], choices)
            kept = Files(paths, tuple(parsed), tried, other)
            self._last = _Kept(stamps, choices, kept)
        return kept


def identity(path: Path) -> str:
    """Return the digest under which answers about a model are remembered; :class:`UserError` if it cannot be read."""
    files = files_of(path)
    if is_folder(files[0]) and not is_program(files[0]):
        # It says what the folder is: none is read as one file.
        read_model(files[0])
    # A program is not loaded because the one beside it is trusted.
    other = beside(files[0]) if len(files) == 1 and is_program(files[0]) else None
    try:
        return digest_of_files([file for found in (*files, *([other] if other else [])) for file in contents_of(found)])
    except RefusedError as refusal:
        raise UserError(path.name, refusal.reason, refusal.way_on) from refusal
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error


def beside(path: Path) -> Path | None:
    """Return the other half of the model at ``path``, which lies beside it by the same name; None if none does.

    Files that are all called the same, and programs, have the names of their folders.
    """
    usual = path.name in (TFJS, PROGRAM)
    whole = path.parent if usual else path
    for mine, theirs in (HALVES, HALVES[::-1]):
        for word, other in zip(mine, theirs, strict=True):
            found = whole.with_name(whole.name.replace(word, other))
            if word in whole.name and _is_like(found, path):
                return found / TFJS if path.name == TFJS else found
    return None


def _holds_all(path: Path) -> bool:
    """Return whether a model is a folder in which its halves are."""
    return is_folder(path) and not is_program(path)


def _is_like(found: Path, path: Path) -> bool:
    if path.name == TFJS:
        return is_file(found / TFJS)
    program = path.name == PROGRAM or is_program(path)
    return is_program(found) if program else is_file(found)


def _classes(files: Sequence[Parsed]) -> int:
    try:
        return classes_of(find_halves(files).decoder)
    except (RefusedError, ValueError):
        return 0


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error
    return str(path), found.st_mtime_ns, found.st_size


def _name(path: Path, halves: bool) -> str:
    """Return what a model is called: as its file, or as its folder if the file has the name of all such files."""
    usual = (
        path.name in (TFJS, PROGRAM)
        or path.stem == DIFFUSERS
        or (halves and path.stem.lower() in (HALVES[0][0], HALVES[1][0]))
    )
    return path.absolute().parent.name if usual else path.stem


def _recipe(paths: Sequence[Path], answers: Answers, name: str) -> str:
    """Return the command line that imports the same."""
    words = ["latentscape", "import", *map(str, paths)]
    for subject, text in answers.items():
        if subject != BESIDE:
            words += [f"--{OPTIONS.get(subject, subject)}", *([] if subject == TRUST else [text])]
    return shlex.join([*words, "--out", f"{name}{MODEL_SUFFIX}"])


def _kept(content: bytes, source: str) -> OpenedModel:
    """Keep the content of a model file in the cache, and open it like any other."""
    path = cache_root() / "imports" / f"{digest_of_model(content)}{MODEL_SUFFIX}"
    if is_file(path):
        # The time of change tells when it was last of use.
        with suppress(OSError):
            os.utime(path)
    else:
        with naming(path), whole_file(path, durable=False) as draft:
            draft.write_bytes(content)
    _prune(path)
    opened = open_model(path)
    return replace(opened, info=replace(opened.info, source=source))


def _prune(keep: Path) -> None:
    """Remove what was used longest ago; another window may be doing the same."""
    with suppress(OSError):
        files = sorted(keep.parent.glob(f"*{MODEL_SUFFIX}"), key=lambda file: file.stat().st_mtime)
        for file in files[:-MOST_KEPT]:
            if file != keep:
                file.unlink(missing_ok=True)
