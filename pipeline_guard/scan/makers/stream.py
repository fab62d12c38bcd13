# SPDX-License-Identifier: Apache-2.0
"""Characters for samples: varied, repeatable, and nobody's secret."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

LOWER, UPPER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
ALPHABETS: Mapping[str, str] = {
    "lower": LOWER,
    "upper": UPPER,
    "digits": DIGITS,
    "letters": LOWER + UPPER,
    "alnum": LOWER + UPPER + DIGITS,
    "lowernum": LOWER + DIGITS,
    "uppernum": UPPER + DIGITS,
    "hex": "0123456789abcdef",
    "uphex": "0123456789ABCDEF",
    "base64": LOWER + UPPER + DIGITS + "+/",
    "url64": LOWER + UPPER + DIGITS + "-_",
    "base32": UPPER + "234567",
    "lower32": LOWER + "234567",
}


class Stream:
    """Characters drawn from SHA-256 in counter mode: varied, repeatable, and nobody's secret."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count, self._pool = seed.encode(), 0, b""

    def raw(self, count: int) -> bytes:
        """Return the next bytes."""
        while len(self._pool) < count:
            self._pool += hashlib.sha256(self._seed + self._count.to_bytes(4, "big")).digest()
            self._count += 1
        taken, self._pool = self._pool[:count], self._pool[count:]
        return taken

    def text(self, alphabet: str, count: int) -> str:
        """Return the next letters of an alphabet."""
        return "".join(alphabet[byte % len(alphabet)] for byte in self.raw(count))


Maker = Callable[[Stream], str]


def tail(prefix: str, count: int, alphabet: str, check: Callable[[bytes], bytes], between: str = "") -> Callable[[Stream], str]:
    """Make tokens of prefix, body and a check over the body."""

    def make(stream: Stream) -> str:
        body = stream.text(ALPHABETS[alphabet], count)
        return prefix + body + between + check(body.encode()).decode()

    return make


def whole(prefix: str, count: int, alphabet: str, check: Callable[[bytes], bytes], between: str = "") -> Callable[[Stream], str]:
    """Make tokens whose check covers the prefix too."""

    def make(stream: Stream) -> str:
        body = prefix + stream.text(ALPHABETS[alphabet], count)
        return body + between + check(body.encode()).decode()

    return make


def binary(content: bytes) -> str:
    """Write bytes into a template's text; ``sample.expand_bytes`` gives them back."""
    return content.decode("utf-8", "surrogateescape")
