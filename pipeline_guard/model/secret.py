# SPDX-License-Identifier: Apache-2.0
"""A value that must not be seen: it cannot be printed, compared naively, hashed or pickled."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Secret bytes that redact themselves.

    ``str``, ``repr`` and ``format`` give a placeholder; equality takes constant time; hashing and
    pickling are refused. Only ``reveal`` gives the bytes, and the architecture test names the rooms
    that may call it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        if not isinstance(value, bytes):
            raise TypeError("a secret is made of bytes")
        self._value = value

    def reveal(self) -> bytes:
        """Return the bytes. Call it as late as possible, and keep the result as short as possible."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret is a fingerprint anybody could test

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "Secret(***)"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")
