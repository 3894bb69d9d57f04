"""Files are read by one opener: what would block, or swell in memory, is refused with a sentence by every reader."""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save

from explorer.export.pictures import read_latent
from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.npy import map_array, read_header
from models.core.reading import open_file, read_file
from models.data.formats.npz import npz_source
from models.data.latents import read_latents
from models.data.opening import open_data
from models.data.pictures import fitted_picture
from models.vae.model_file import METADATA_KEY, description_of, open_model
from tests.models.conftest import SETTINGS, info_of
from tests.support.places import ROOT

SECONDS = 5
READERS: dict[str, Callable[[Path], object]] = {
    "data.npz": open_data,
    "data.npy": open_data,
    "data.tfrecord": open_data,
    "data-ubyte": open_data,
    "latents.npz": lambda path: read_latents(path, 2),
    "latents.npy": lambda path: read_latents(path, 2),
    "picture.png": lambda path: fitted_picture(path, (4, 4, 1)),
    "exported.png": read_latent,
    "model.safetensors": open_model,
}


@pytest.fixture
def in_time() -> Iterator[None]:
    """Fail a test that waits for a writer who never comes."""

    def fail(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail("a reader blocks")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", READERS)
def test_no_reader_waits_for_a_pipe_or_reads_a_device(name: str, tmp_path: Path, in_time: None) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=f"{name}: .*named pipe"):
        READERS[name](tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(UserError, match=f"{name}: .*device"):
        READERS[name](tmp_path / name)


def test_a_pipe_within_a_folder_of_data_is_named(tmp_path: Path, in_time: None) -> None:
    for folder, name in (("pictures", "a.png"), ("shards", "a.npz"), ("records", "a.tfrecord")):
        (tmp_path / folder).mkdir()
        os.mkfifo(tmp_path / folder / name)
        with pytest.raises(UserError, match=f"{name}: .*named pipe"):
            open_data(tmp_path / folder)


def test_a_socket_or_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        with pytest.raises(OSError, match="this is a socket"):
            open_file(Path("s"))
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path)


def test_a_pipe_that_takes_the_place_of_a_file_after_the_first_look_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_time: None
) -> None:
    path, plain = tmp_path / "f", tmp_path / "plain"
    os.mkfifo(path)
    plain.write_bytes(b"")
    status = plain.stat()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: status)
    with pytest.raises(OSError, match="named pipe"):
        open_file(path)


def test_no_more_is_read_of_a_file_than_it_may_have(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    assert read_file(tmp_path / "f", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_file(tmp_path / "f", 4)


def test_nothing_else_opens_files_for_reading() -> None:
    ours = [*(ROOT / "explorer").rglob("*.py"), *(ROOT / "models").rglob("*.py")]
    # The system's own tables, and icons of the package.
    exempt = {"memory.py", "meters.py", "theme.py"}
    found = [
        f"{path.name}:{call.lineno}"
        for path in ours
        if path.name not in exempt
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and _reads(call)
    ]
    assert found == []


def _reads(call: ast.Call) -> bool:
    """Whether a call opens a file as NumPy and pathlib do, which wait for what is no file."""
    if not isinstance(call.func, ast.Attribute):
        return False
    name, owner = call.func.attr, ast.unparse(call.func.value)
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    return name in {"read_bytes", "read_text"} or (owner, name) == ("np", "load") or (name == "open" and "rb" in modes)


# --------------------------------------------------------------------------------------------------- headers of arrays


def _swelling(version: int) -> bytes:
    """Return an array file whose header is said to have 2³² − 1 bytes, and has 64 MB."""
    return b"\x93NUMPY" + bytes([version, 0]) + b"\xff" * 4 + bytes(64 << 20)


@pytest.mark.parametrize("version", [2, 3])
def test_a_header_is_not_read_before_its_length_is_judged(version: int, tmp_path: Path) -> None:
    content = _swelling(version)
    (tmp_path / "a.npy").write_bytes(content)
    for name, member in (("a.npz", "images"), ("z.npz", "z")):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(f"{member}.npy", content)
    readers: list[Callable[[], object]] = [
        lambda: map_array(tmp_path / "a.npy"),
        lambda: read_latents(tmp_path / "a.npy", 2),
        lambda: read_latents(tmp_path / "z.npz", 2),
        lambda: npz_source(tmp_path / "a.npz", DataOptions()),
    ]
    for reader in readers:
        tracemalloc.start()
        with pytest.raises(UserError, match="header is damaged"):
            reader()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2 << 20


@pytest.mark.parametrize("header", [b"", b"{", b"[" * 9000, b"{'descr': '|V0', 'fortran_order': False, 'shape': (3,)}"])
def test_a_header_that_makes_no_sense_is_refused(header: bytes) -> None:
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(UserError, match="header"):
        read_header(BytesIO(content), "a.npy")
    with pytest.raises(UserError, match="header"):
        read_header(BytesIO(b"\x93NUMPY\x09\x00" + content[8:]), "a.npy")


# ------------------------------------------------------------------------------------------------------ hostile numbers

VECTORS = {"mu": [0.0], "sigma": [1.0], "eps": [0.0], "z": [0.0]}
USUAL = {"version": 1, **VECTORS, "seed": 1, "index": 0, "model": "m", "model_hash": "h"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(USUAL | {"z": [10**400]}),
        json.dumps(USUAL | {"z": [1e300]}),
        json.dumps(USUAL | {"seed": "many"}),
        json.dumps(USUAL).replace('"seed": 1', '"seed": 1e999'),
        "[" * 100_000,
        '{"version": ' + "[" * 900 + "]" * 900 + "}",
        json.dumps(USUAL).replace("[0.0]", "[" * 100 + "0.0" + "]" * 100),
    ],
    ids=["large whole number", "1e300", "word", "infinite", "deep", "deep version", "deep vectors"],
)
def test_the_latent_of_a_picture_is_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    chunk = PngInfo()
    chunk.add_itxt("latentscape", text)
    Image.new("L", (4, 4)).save(tmp_path / "p.png", pnginfo=chunk)
    with pytest.raises(UserError, match="the latent it carries is damaged") as caught:
        read_latent(tmp_path / "p.png")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "change",
    [
        '"learning_rate": 1' + "0" * 400,
        '"epochs": 1' + "0" * 4000,
        '"likelihood": "' + "x" * 100_000 + '"',
        '"likelihood": ' + "[" * 900 + "]" * 900,
        '"hidden": [1' + "0" * 400 + "]",
    ],
    ids=["large number", "many digits", "long word", "deep", "large layer"],
)
def test_a_models_description_is_refused_with_a_sentence(change: str, tmp_path: Path) -> None:
    from models.vae.architecture import architecture_of

    architecture = architecture_of(SETTINGS, (6, 5, 1))
    text = json.dumps(description_of(info_of(architecture, SETTINGS)))
    changed = text.replace('"settings": {', '"settings": {' + change + ", ").replace(', "learning_rate": 0.001', "")
    name = change.split(":", maxsplit=1)[0]
    once = changed if changed.count(name) == 1 else changed[::-1].replace(name[::-1], '"x"'[::-1], 1)[::-1]
    content = save(architecture.initial_parameters(1), metadata={METADATA_KEY: once})
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"m\.safetensors: its description makes no sense") as caught:
        open_model(tmp_path / "m.safetensors")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("value", [1e300, 1e38, np.inf, np.nan])
def test_latents_beyond_what_a_network_can_take_are_refused(value: float, tmp_path: Path) -> None:
    for name, array in (
        ("z.npy", np.array([[0.0, value]])),
        ("f.npy", np.array([[0.0, min(value, 3e38)]], np.float32)),
    ):
        np.save(tmp_path / name, array)
        with pytest.raises(UserError, match=r"latents must (be finite|lie within)"):
            read_latents(tmp_path / name, 2)
