"""MD4 (RFC 1320), which NTLM is built on and OpenSSL 3 no longer offers."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["md4"]

_MASK: Final = 0xFFFFFFFF
_START: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_ROUNDS: Final = (
    (0, (3, 7, 11, 19), tuple(range(16))),
    (0x5A827999, (3, 5, 9, 13), (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)


def md4(data: bytes) -> bytes:
    """Return the 16 bytes of MD4 over ``data``."""
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", 8 * len(data))
    state: tuple[int, ...] = _START
    for start in range(0, len(padded), 64):
        state = _block(state, struct.unpack_from("<16I", padded, start))
    return struct.pack("<4I", *state)


def _block(state: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
    a, b, c, d = state
    for number, (constant, shifts, order) in enumerate(_ROUNDS):
        for step, word in enumerate(order):
            mixed = (a + _mix(number, b, c, d) + words[word] + constant) & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, (mixed << shift | mixed >> (32 - shift)) & _MASK, b, c
    return tuple((old + new) & _MASK for old, new in zip(state, (a, b, c, d), strict=True))


def _mix(number: int, x: int, y: int, z: int) -> int:
    if number == 0:
        return (x & y) | (~x & _MASK & z)
    if number == 1:
        return (x & y) | (x & z) | (y & z)
    return x ^ y ^ z
