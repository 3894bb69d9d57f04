"""Pictures are taken out of archives as they lie in there, and what cannot be is named."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from models.core.columns import columns_of
from models.core.errors import UserError
from models.core.packed import packed_of, unpacked
from models.data.opening import open_data


@pytest.fixture
def picture(tmp_path: Path) -> bytes:
    Image.new("L", (8, 8), 90).save(tmp_path / "picture.png")
    return (tmp_path / "picture.png").read_bytes()


def archive(kind: str, folder: Path, name: str) -> Path:
    """Return an archive of two pictures in two classes."""
    path = folder / f"{name}{kind}"
    members = {f"set/{part}/ü 1.png": folder / "picture.png" for part in ("a", "b")}
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            for member, file in members.items():
                packed.write(file, member)
    else:
        with tarfile.open(path, "w:gz" if kind == ".tgz" else "w") as tar:
            for member, file in members.items():
                tar.add(file, f"./{member}")
    return path


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tgz"])
def test_the_original_of_an_image_is_taken_out(kind: str, tmp_path: Path, picture: bytes) -> None:
    place = archive(kind, tmp_path, "set")
    info = open_data(place)
    for name in columns_of(info)["name"]:
        found = packed_of(info, name)
        assert found == (place, name)
        taken = unpacked(*found, tmp_path)
        assert (taken.name, taken.read_bytes()) == ("ü 1.png", picture)
    with pytest.raises(UserError, match="cannot be taken out of it any more"):
        unpacked(place, "set/c.png", tmp_path)
    place.write_bytes(place.read_bytes()[:100])
    with pytest.raises(UserError, match="cannot be taken out"):
        unpacked(place, "set/a/ü 1.png", tmp_path)


def test_the_original_in_a_folder_of_archives_is_found(tmp_path: Path, picture: bytes) -> None:
    (tmp_path / "set").mkdir()
    for name in ("one", "two"):
        archive(".tar", tmp_path, name).rename(tmp_path / "set" / f"{name}.tar")
    info = open_data(tmp_path / "set")
    assert (info.count, packed_of(info, "gone.tar/a.png"), packed_of(info, "plain.png")) == (4, None, None)
    found = packed_of(info, columns_of(info)["name"][0])
    assert found is not None
    assert unpacked(*found, tmp_path).read_bytes() == picture
