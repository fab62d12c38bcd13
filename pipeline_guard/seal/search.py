# SPDX-License-Identifier: Apache-2.0
"""Finding stored values in texts without having the values: digests under a search key that the token wraps.

Of every value there is a row: its length, a linear form of its first eight bytes modulo 2^16 whose weights come from the
search key, and HMAC-SHA-256 of the whole under the search key. The row is sealed with AES-256-GCM under the same key.

Who learns what: whoever has the database alone learns nothing (rows are ciphertext of one size, the key is wrapped).
Whoever can have the token unwrap the search key can test guesses, one HMAC each, and knows 16 bits and the length of each
value: therefore short or monotonous values get no row. The scan itself needs no more than that key, never a value.

A text is read by arithmetic: its bytes are the digits of one large number, and multiplying that by the weights gives the
linear form of every window of eight bytes at once. Windows whose form is wanted are confirmed by HMAC.
"""

from __future__ import annotations

import hashlib
import hmac
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from sys import byteorder

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.sealed import SearchRow, Stored
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.envelope import NONCE_BYTES, associated_data

WINDOW = 8  # bytes of a value that the linear form looks at
SHORTEST = WINDOW
_DISTINCT = 5  # different bytes that a value needs
_BLOCK = 1 << 16  # bytes of text a multiplication
_SIZE = 4 + 2 + 32


@dataclass(frozen=True, slots=True)
class _Wanted:
    size: int
    digest: bytes
    name: str
    version: int


def is_searchable(value: Secret) -> bool:
    """Tell whether a value may have a row: shorter or more monotonous ones could be guessed, and stand everywhere."""
    return len(value) >= SHORTEST and len(set(value.reveal())) >= _DISTINCT


def seal_row(search_key: Secret, name: str, version: int, value: Secret | None, nonce: bytes) -> bytes:
    """Return the sealed row of a value; None as the value makes one that says: not searchable."""
    row = bytes(_SIZE)
    if value is not None:
        plain = value.reveal()
        form = sum(weight * byte for weight, byte in zip(_weights(search_key), plain[:WINDOW], strict=True)) & 0xFFFF
        row = len(plain).to_bytes(4, "big") + form.to_bytes(2, "big") + _digest(search_key, plain)
    return nonce + AESGCM(search_key.reveal()).encrypt(nonce, row, associated_data(name, version, "search"))


class Search:
    """All rows under one search key, ready to read texts."""

    def __init__(self, search_key: Secret, rows: Iterable[SearchRow]) -> None:
        """Open the rows; raise IntegrityError if one was changed or stands in another's place."""
        self._digest_key = _derived(search_key, b"digest")
        self._factor = int.from_bytes(array("I", reversed(_weights(search_key))).tobytes(), byteorder)
        self._wanted: dict[int, list[_Wanted]] = {}
        self.skipped: list[str] = []
        for row in rows:
            self._add(search_key, row)

    def _add(self, search_key: Secret, row: SearchRow) -> None:
        try:
            place = associated_data(row.name, row.version, "search")
            plain = AESGCM(search_key.reveal()).decrypt(row.sealed[:NONCE_BYTES], row.sealed[NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            plain = b""
        if len(plain) != _SIZE:
            raise IntegrityError("a search row of the store does not open", "make them anew: pipeline-guard secrets index")
        size = int.from_bytes(plain[:4], "big")
        if size:
            form = int.from_bytes(plain[4:6], "big")
            self._wanted.setdefault(form, []).append(_Wanted(size, plain[6:], row.name, row.version))
        else:
            self.skipped.append(row.name)

    def find(self, text: bytes) -> list[Stored]:
        """Return where stored values stand in a text, at any offset, in order; the longest of those at one place."""
        found: dict[int, Stored] = {}
        if self._wanted:
            for start, form in self._candidates(text):
                for wanted in self._wanted[form]:
                    end = start + wanted.size
                    if end <= len(text) and hmac.compare_digest(hmac.digest(self._digest_key, text[start:end], "sha256"), wanted.digest):
                        best = found.get(start)
                        if best is None or best.end < end:
                            found[start] = Stored(start, end, wanted.name, wanted.version)
        return [found[start] for start in sorted(found)]

    def _candidates(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Give (offset, form) of every window whose linear form is wanted."""
        wanted = self._wanted.keys()
        for begin in range(0, len(text) - WINDOW + 1, _BLOCK):
            block = text[begin : begin + _BLOCK + WINDOW - 1]
            digits = int.from_bytes(block.decode("latin-1").encode("utf-32-le"), "little")
            product = (digits * self._factor).to_bytes(4 * (len(block) + WINDOW), "little")
            # the form of the window at i is digit i + WINDOW - 1 of the product; no digit overflows: 8 * 255 * 65535 < 2^32
            forms = array("H", product[4 * (WINDOW - 1) : 4 * len(block)])
            if byteorder == "big":
                forms.byteswap()
            low = forms[::2]
            if not wanted.isdisjoint(low):
                yield from [(begin + place, form) for place, form in enumerate(low) if form in wanted]


def _weights(search_key: Secret) -> tuple[int, ...]:
    raw = _derived(search_key, b"weights")
    return tuple(int.from_bytes(raw[2 * place : 2 * place + 2], "big") | 1 for place in range(WINDOW))


def _digest(search_key: Secret, value: bytes) -> bytes:
    return hmac.digest(_derived(search_key, b"digest"), value, "sha256")


def _derived(search_key: Secret, purpose: bytes) -> bytes:
    return hmac.digest(search_key.reveal(), b"pipeline-guard search v1 " + purpose, hashlib.sha256)
