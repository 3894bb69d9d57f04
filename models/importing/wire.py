"""Read the wire format of Protocol Buffers: numbered fields, without a schema and without copying what is skipped."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from models.importing.refusal import RefusedError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
DAMAGED = "it is truncated or damaged, or no such model"
SIGN, WHOLE = 1 << 63, 1 << 64

Value = int | memoryview


class Message:
    """The fields of a message: numbers as they are, all else as bytes."""

    def __init__(self, content: memoryview) -> None:
        self._fields: dict[int, list[Value]] = {}
        for number, value in _fields(content):
            self._fields.setdefault(number, []).append(value)

    def messages(self, number: int) -> list[Message]:
        """Return the messages in a field."""
        return [Message(content) for content in self.pieces(number)]

    def message(self, number: int) -> Message:
        """Return the message in a field, an empty one if there is none."""
        return (self.messages(number) or [Message(memoryview(b""))])[-1]

    def pieces(self, number: int) -> list[memoryview]:
        """Return the bytes in a field."""
        return [value for value in self._fields.get(number, []) if isinstance(value, memoryview)]

    def words(self, number: int) -> list[str]:
        """Return the texts in a field."""
        return [bytes(piece).decode(errors="replace") for piece in self.pieces(number)]

    def word(self, number: int) -> str:
        """Return the text in a field, "" if there is none."""
        return (self.words(number) or [""])[-1]

    def has(self, number: int) -> bool:
        """Return whether a field is there."""
        return number in self._fields

    def numbers(self, number: int) -> list[int]:
        """Return the whole numbers in a field, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, []):
            found += [value] if isinstance(value, int) else _packed(value)
        return [item - WHOLE if item >= SIGN else item for item in found]

    def number(self, number: int, default: int = 0) -> int:
        """Return the whole number in a field."""
        return (self.numbers(number) or [default])[-1]

    def floats(self, number: int) -> list[float]:
        """Return the float32 numbers in a field, packed or not."""
        found: list[float] = []
        for value in self._fields.get(number, []):
            piece = value.to_bytes(4, "little") if isinstance(value, int) else bytes(value)
            if len(piece) % 4:
                raise RefusedError(DAMAGED)
            found += struct.unpack(f"<{len(piece) // 4}f", piece)
        return found


def _fields(content: memoryview) -> Iterator[tuple[int, Value]]:
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _varint(content, place)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, place = _varint(content, place)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise RefusedError(DAMAGED)
        if size > len(content) - place:
            raise RefusedError(DAMAGED)
        piece = content[place : place + size]
        place += size
        yield key >> 3, piece if kind == BYTES else int.from_bytes(piece, "little")


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            raise RefusedError(DAMAGED)
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value % WHOLE, place
    raise RefusedError(DAMAGED)


def _packed(content: memoryview) -> list[int]:
    found, place = [], 0
    while place < len(content):
        value, place = _varint(content, place)
        found.append(value)
    return found
