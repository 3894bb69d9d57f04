"""The little of protobuf's wire format that a ``tf.train.Example`` needs: its features of bytes and of integers."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
FIXED = {FIXED_64: 8, FIXED_32: 4}
LONGEST_VARINT = 10

Feature = bytes | int


class MessageError(ValueError):
    """The bytes are no message of the form that was expected."""


def features_of(example: bytes) -> dict[str, Feature]:
    """Return the first value of every feature that holds bytes or integers, by name; MessageError if damaged."""
    features: dict[str, Feature] = {}
    for features_message in _messages(example, 1):
        for entry in _messages(features_message, 1):
            name = b"".join(_messages(entry, 1)).decode("utf-8", "replace")
            for feature in _messages(entry, 2):
                value = _value(feature)
                if value is not None:
                    features[name] = value
    return features


def _value(feature: bytes) -> Feature | None:
    for values in _messages(feature, 1):
        return next(_messages(values, 1), None)
    for values in _messages(feature, 3):
        for number, value in _fields(values):
            if number == 1:
                # Integers of a list may be packed into one field.
                return _signed(value if isinstance(value, int) else _varint(value, 0)[0])
    return None


def _messages(message: bytes, number: int) -> Iterator[bytes]:
    return (value for found, value in _fields(message) if found == number and isinstance(value, bytes))


def _fields(message: bytes) -> Iterator[tuple[int, Feature]]:
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, place = _varint(message, place)
        elif kind in FIXED:
            size = FIXED[kind]
        else:
            raise MessageError(f"there is no wire type {kind}")
        if place + size > len(message):
            raise MessageError("the message is cut off")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Return the number that begins at ``place``, and where it ends."""
    value = 0
    for index, byte in enumerate(message[place : place + LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise MessageError("the number is cut off")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
