# SPDX-License-Identifier: Apache-2.0
"""A sealed file or folder: what its header says (docs/formats.md, "Sealed files")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SealedKind(Enum):
    """What the payload is: the bytes of one file, or an archive of a folder."""

    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Layout:
    """What never changes of a sealed file: kind, plaintext bytes of a chunk, and 32 random bytes that no other file has."""

    kind: SealedKind
    chunk: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class Recipient:
    """A wrapping key that opens the file: name, version, hexadecimal CKA_ID, and the data key wrapped under it."""

    name: str
    version: int
    id: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose authentication code was checked with the file's data key; ``size`` is its length in bytes."""

    layout: Layout
    recipients: tuple[Recipient, ...]
    size: int
