# SPDX-License-Identifier: Apache-2.0
"""Transparency logs: Merkle inclusion (RFC 6962 section 2.1.1) and checkpoints as signed notes (C2SP tlog-checkpoint).

Pure arithmetic over bytes; what an entry says about a signature is for ``log_entry``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign.trusted_root import Log

_MAX_CHECKPOINT = 64 * 1024
_MAX_SIGNATURES = 32  # the log's own and its witnesses'
_HINT = "fetch the bundle again, or have the subject signed again"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log has said of itself: how many entries it holds, and the hash over all of them."""

    origin: str
    size: int
    root: bytes


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of one entry."""
    return hashlib.sha256(b"\0" + body).digest()


def root_of(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root hash that an inclusion proof leads to; None for a proof of the wrong length (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    found, last = leaf, size - 1
    for step in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            found = hashlib.sha256(b"\1" + step + found).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + step).digest()
        index, last = index >> 1, last >> 1
    return found if last == 0 else None


def write_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Return the text that a log signs."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n".encode()


def write_note(text: bytes, signer: str, key_id: bytes, signature: bytes) -> str:
    """Return a signed note with one signature; ``key_id`` is cut to its first four bytes."""
    return f"{text.decode()}\n— {signer} {base64.b64encode(key_id[:4] + signature).decode()}\n"


def read_checkpoint(note: str, log: Log, name: str) -> Checkpoint:
    """Return a checkpoint that ``log`` has signed. Raises IntegrityError."""
    text, separator, signatures = note.partition("\n\n")
    lines = signatures.split("\n")
    if not separator or len(note) > _MAX_CHECKPOINT or lines.pop() != "" or not 1 <= len(lines) <= _MAX_SIGNATURES:
        raise IntegrityError(f"{name}: the log's checkpoint is malformed", _HINT)
    message = (text + "\n").encode()
    signed = [_signed_by(log, line, message, name) for line in lines]  # every line is looked at, for its form
    if True not in signed:
        raise IntegrityError(f"{name}: the log's checkpoint is not signed by {log.name}", _HINT)
    return _parse(text.split("\n"), name)


def _signed_by(log: Log, line: str, message: bytes, name: str) -> bool:
    words = line.split(" ")
    try:
        if len(words) != 3 or words[0] != "—" or not words[1]:
            raise ValueError
        blob = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        raise IntegrityError(f"{name}: the log's checkpoint has a malformed signature", _HINT) from None
    return blob[:4] == log.id[:4] and log.key.accepts(blob[4:], message)


def _parse(lines: Sequence[str], name: str) -> Checkpoint:
    try:
        origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
        # a size has one spelling: no sign, no leading zero
        if not origin or not size.isascii() or not size.isdigit() or str(int(size)) != size or len(root) != 32:
            raise ValueError
    except (IndexError, ValueError):  # binascii.Error is a ValueError
        raise IntegrityError(f"{name}: the log's checkpoint is malformed", _HINT) from None
    return Checkpoint(origin, int(size), root)
