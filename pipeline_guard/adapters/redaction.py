# SPDX-License-Identifier: Apache-2.0
"""A filter that takes secret values, and the forms they usually take, out of a stream of bytes.

It works on chunks: a value split over two writes is still found, because bytes that could be the beginning of one are
held back until the next bytes tell (or the stream ends). Values under ``SHORTEST`` bytes would destroy ordinary text
and are left alone; their encoded forms need ``SHORTEST_ENCODED``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

from pipeline_guard.model.secret import Secret

MASK = b"***"
SHORTEST = 4
SHORTEST_ENCODED = 6


def forms(value: bytes) -> Iterator[bytes]:
    """Give a value and what encoders make of it."""
    yield value
    stripped = value.strip()
    yield stripped
    for line in stripped.splitlines():
        yield line.strip()
    if len(stripped) < SHORTEST_ENCODED:
        return
    for raw in {value, stripped}:
        yield from _base64_cores(raw)
        yield base64.b64encode(base64.b64encode(raw)).rstrip(b"=")[:-2]
        yield base64.b32encode(raw).rstrip(b"=")
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield raw.hex(" ").encode()
        yield raw.hex(":").encode()
        yield quote_from_bytes(raw, safe="").encode()
        yield quote_from_bytes(raw).encode()
        yield re.sub(rb"%[0-9A-F]{2}", lambda found: found[0].lower(), quote_from_bytes(raw, safe="").encode())
        yield "".join(f"%{byte:02X}" for byte in raw).encode()
        yield raw[::-1]
        yield b"".join(b"\\x%02x" % byte for byte in raw)
        text = raw.decode("utf-8", "replace")
        yield json.dumps(text)[1:-1].encode()
        yield json.dumps(text, ensure_ascii=False)[1:-1].encode()
        yield escape(text, {'"': "&quot;", "'": "&apos;"}).encode()
        yield text.replace("'", "'\\''").encode()
        yield from _base64_cores(text.encode("utf-16-le"))


def _base64_cores(raw: bytes) -> Iterator[bytes]:
    """Give the characters of base64 that do not depend on neighbours, for the three alignments inside a longer text."""
    for before in range(3):
        padded = base64.b64encode(bytes(before) + raw)
        first = 0 if before == 0 else before + 1  # characters that carry bits of what stands before
        last = (len(raw) + before) * 8 // 6  # beyond it, bits of what follows
        core = padded[first:last]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))


class Redactor:
    """Replaces every form of every secret by ``***``; feed it chunks, then ``finish`` it."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        found: set[bytes] = set()
        for secret in secrets:
            value = secret.reveal()
            as_written = {value, value.strip(), *(line.strip() for line in value.splitlines())}
            for form in forms(value):
                if len(form) >= (SHORTEST if form in as_written else SHORTEST_ENCODED):
                    found.add(form)
        self._patterns = sorted(found, key=lambda form: (-len(form), form))
        # a lookahead finds matches that overlap: what is left of one must not show the rest of another
        self._regex = re.compile(b"(?=(" + b"|".join(map(re.escape, self._patterns)) + b"))") if found else None
        self._first = frozenset(form[0] for form in found)
        self._longest = max(map(len, found), default=0)
        self._held = b""
        self.hits = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return what may be shown of everything fed so far."""
        if self._regex is None:
            return chunk
        text = self._held + chunk
        keep = self._beginning_at(text)
        spans = self._spans(text)
        # a match that reaches into what is held back may yet turn out to be a longer one: it waits, too
        for start, end in reversed(spans):
            if start < keep < end:
                keep = start
        self._held = text[keep:]
        return self._masked(text[:keep], [span for span in spans if span[1] <= keep])

    def finish(self) -> bytes:
        """Return what was held back, masked; the stream is over."""
        rest, self._held = self._held, b""
        return self._masked(rest, self._spans(rest))

    def _spans(self, text: bytes) -> list[tuple[int, int]]:
        """Return the spans that hold a form of a secret, overlapping ones joined."""
        spans: list[tuple[int, int]] = []
        for found in self._regex.finditer(text) if self._regex else ():
            start, end = found.span(1)
            if spans and start < spans[-1][1]:
                spans[-1] = spans[-1][0], max(end, spans[-1][1])
            else:
                spans.append((start, end))
        return spans

    def _masked(self, text: bytes, spans: list[tuple[int, int]]) -> bytes:
        shown, place = [], 0
        for start, end in spans:
            shown += [text[place:start], MASK]
            place = end
        self.hits += len(spans)
        return b"".join([*shown, text[place:]])

    def _beginning_at(self, text: bytes) -> int:
        """Return the first position from which the text's end is the beginning of a pattern."""
        for position in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[position] in self._first:
                tail = text[position:]
                if any(form.startswith(tail) for form in self._patterns):
                    return position
        return len(text)
