# SPDX-License-Identifier: Apache-2.0
"""A digest with the name of its algorithm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipeline_guard.errors import UsageError

_HEX_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128, "blake3": 64}


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """``algorithm`` as in in-toto DigestSet ("sha256"), ``hex`` in lower case."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @staticmethod
    def sha256(content: bytes) -> Digest:
        """Return the SHA-256 digest of ``content``."""
        return Digest("sha256", hashlib.sha256(content).hexdigest())

    @staticmethod
    def parse(text: str) -> Digest:
        """Read ``algorithm:hex``; raise UsageError for an unknown algorithm or a malformed value."""
        algorithm, _, value = text.partition(":")
        length = _HEX_LENGTH.get(algorithm)
        value = value.lower()
        if length is None or len(value) != length or value.strip("0123456789abcdef"):
            raise UsageError(f"not a digest: {text[:80]!r}", "write sha256: followed by 64 hexadecimal digits")
        return Digest(algorithm, value)
