"""The checksum CRC-32C (Castagnoli; RFC 3720, appendix B.4), of one text or of many at once in NumPy.

The register is linear in the bytes, so that the pieces of a text are taken side by side and put together afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = 0x82F63B78
# Bytes of a piece: as many turns of the loop over all pieces, and fewer over the pieces of the longest text.
PIECE = 256
MASK_DELTA = 0xA282EAD8


def _table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(POLYNOMIAL), table >> 1)
    return table


TABLE = _table()
TABLE_NUMBERS: list[int] = TABLE.tolist()


def crc32c(data: bytes) -> int:
    """Return the checksum of a short text."""
    register = 0xFFFFFFFF
    for byte in data:
        register = TABLE_NUMBERS[(register ^ byte) & 0xFF] ^ (register >> 8)
    return register ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    """Return the ``checksum`` as TFRecord files store it."""
    return (((checksum >> 15) | (checksum << 17)) + MASK_DELTA) & 0xFFFFFFFF


def crc32c_each(texts: Sequence[bytes]) -> list[int]:
    """Return the checksums of many texts."""
    short = [len(text) < 4 for text in texts]
    pieces = [0 if is_short else -(-len(text) // PIECE) for text, is_short in zip(texts, short, strict=True)]
    padded = np.zeros((sum(pieces), PIECE), np.uint8)
    flat, ends = padded.reshape(-1), np.cumsum(pieces)
    for text, count, end in zip(texts, pieces, ends.tolist(), strict=True):
        if count:
            # Zeros before a text leave an empty register empty; the full one it starts with inverts four bytes.
            place = flat[end * PIECE - len(text) : end * PIECE]
            place[:] = np.frombuffer(text, np.uint8)
            place[:4] ^= 0xFF
    joined = _joined(_registers(padded), np.array(pieces), ends)
    return [
        crc32c(text) if is_short else int(value) ^ 0xFFFFFFFF
        for text, is_short, value in zip(texts, short, joined, strict=True)
    ]


def _registers(pieces: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the register after each of ``pieces`` [n, PIECE], starting empty."""
    registers = np.zeros(len(pieces), np.uint32)
    for column in np.ascontiguousarray(pieces.T):
        registers = TABLE[(registers ^ column) & 0xFF] ^ (registers >> 8)
    return registers


def _joined(registers: NDArray[np.uint32], counts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the register after all pieces of each text, of which there are ``counts``, the last before ``ends``."""
    result = np.zeros(len(counts), np.uint32)
    for left in range(int(counts.max(initial=0)), 0, -1):
        begun = counts >= left
        result[begun] = _after_zeros(result[begun]) ^ registers[ends[begun] - left]
    return result


def _after_zeros(registers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return ``registers`` after one more piece of zeros."""
    parts = (SHIFTED[place][(registers >> (8 * place)) & 0xFF] for place in range(4))
    result: NDArray[np.uint32] = np.bitwise_xor.reduce(np.stack(list(parts)), axis=0)
    return result


def _shifted() -> list[NDArray[np.uint32]]:
    """Return, for each byte of a register, what every value of it becomes after a piece of zeros."""
    tables = []
    for place in range(4):
        registers = np.arange(256, dtype=np.uint32) << np.uint32(8 * place)
        for _ in range(PIECE):
            registers = TABLE[registers & 0xFF] ^ (registers >> 8)
        tables.append(registers)
    return tables


SHIFTED = _shifted()
