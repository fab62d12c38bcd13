# SPDX-License-Identifier: Apache-2.0
"""Model files by content: which pickles lie in a file, however packed, and what they would do; nothing is loaded.

Extensions are never trusted, only used to decide whether something unreadable matters. Layouts: numpy's npy format 1 to 3,
torch.save (zip, and the five pickles before the raw storages of the legacy form), joblib's compressed streams.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from pipeline_guard.gate.container import Part, Trouble, unpack
from pipeline_guard.gate.pickle_walk import Walk, is_opcode, walk

MAX_DEPTH = 4  # containers in containers
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_PICKLES = 10_000  # in a row
_FEW_OPERATIONS = 4  # before a walk fails: then it was no pickle
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".dill", ".pck")
_PACKED_NAMES = (".gz", ".z", ".bz2", ".xz", ".lzma")
_TORCH_NAMES = (".pt", ".pth", ".ckpt")  # also extensions of texts
_PLAIN = re.compile(r"[|<>=]?(?:[biufcSUaVMm][0-9]+(?:\[[0-9A-Za-z]+\])?|\?)")  # numpy's kinds without objects
_LONGEST_HEADER = 64 * 1024
_POINTER = b"version https://git-lfs.github.com/spec/"


class ModelVerdict(Enum):
    """Whether loading a file can run code of its choosing."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True)
class Hazard:
    """What one pickle would do: in which member ("" for the file itself), in words, and at which byte of it."""

    member: str
    what: str
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What was found in one file that holds pickles, or that should and cannot be read (``doubts`` say why)."""

    path: str
    pickles: int
    hazards: tuple[Hazard, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def verdict(self) -> ModelVerdict:
        """Unsafe if anything is known to be; else undecidable if anything is open."""
        if self.hazards:
            return ModelVerdict.UNSAFE
        return ModelVerdict.UNDECIDABLE if self.doubts else ModelVerdict.SAFE


def inspect(content: bytes, path: str) -> ModelFacts | None:
    """Return the facts of a file that holds or claims to hold pickles; None for every other file. Never raises."""
    look = _Look()
    look.at(Part(path, content), "", 0)
    if not look.pickles and not look.doubts:
        return None
    return ModelFacts(path, look.pickles, tuple(look.hazards), tuple(dict.fromkeys(look.doubts)))


@dataclass(slots=True)
class _Look:
    """Everything seen in one file so far."""

    pickles: int = 0
    hazards: list[Hazard] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    unpacked: int = 0

    def at(self, part: Part, member: str, depth: int) -> None:
        """Look at one file or member, and into it."""
        content = part.content
        name = part.name.lower()
        for suffix in _PACKED_NAMES:
            name = name.removesuffix(suffix)
        claims = name.endswith(_PICKLE_NAMES) or (name.endswith(_TORCH_NAMES) and not _is_text(content))
        before = (self.pickles, len(self.doubts))
        if content.startswith(_POINTER):
            if claims or name.endswith(_TORCH_NAMES):
                self.doubt(member, "a Git LFS pointer: the content is not here")
            return
        if content.startswith(b"\x93NUMPY"):
            self.array(content, member)
            return
        parts = unpack(content, self.unpacked)
        if parts is not None:
            self.into(parts, name, member, depth, claims=claims)
        # NOTE: a container may be a pickle as well: the first bytes of a tar are a file's name
        if content[:1] == b"\x80" and content[1:2] in (b"\2", b"\3", b"\4", b"\5"):
            self.stream(content, 0, member, claims=claims)
        elif content and is_opcode(content[0]):
            self.bare(content, member, claims=claims and parts is None)
        if claims and content and parts is None and before == (self.pickles, len(self.doubts)):
            self.doubt(member, "not a format that the gate knows")

    def into(self, parts: Iterator[Part | Trouble], name: str, member: str, depth: int, *, claims: bool) -> None:
        """Look at every member of a container."""
        if depth >= MAX_DEPTH:
            self.doubt(member, f"more than {MAX_DEPTH} containers in each other")
            return
        for inner in parts:
            if isinstance(inner, Part):
                self.unpacked += len(inner.content)
                inside = "/".join(part for part in (member, inner.name) if part)
                self.at(Part(inner.name or name, inner.content), inside, depth + 1)
            elif inner.always or claims:
                self.doubt(member, inner.why)

    def doubt(self, member: str, why: str) -> None:
        """Note that something could not be decided."""
        self.doubts.append(f"{member}: {why}" if member else why)

    def take(self, walked: Walk, member: str) -> None:
        """Take over what a walk found."""
        self.pickles += 1
        self.hazards += [Hazard(member, danger.what, danger.name, danger.offset) for danger in walked.dangers]

    def array(self, content: bytes, member: str) -> None:
        """Look into an npy file: one whose elements are objects holds a pickle after its header."""
        width = 2 if content[6:7] == b"\1" else 4
        start = 8 + width + int.from_bytes(content[8 : 8 + width], "little")
        if start > len(content):
            self.doubt(member, "an array whose header is cut off")
        elif not _is_plain_array(content[8 + width : start]):
            self.stream(content, start, member, claims=True)

    def bare(self, content: bytes, member: str, *, claims: bool) -> None:
        """Look at bytes that could be a pickle without a protocol number: only what behaves like one counts."""
        if claims or _behaves_like_a_pickle(content):
            self.stream(content, 0, member, claims=True)

    def stream(self, content: bytes, start: int, member: str, *, claims: bool) -> None:
        """Look at pickles one after another, to the end of the bytes."""
        position, count, legacy = start, 0, False
        while position < len(content):
            walked = walk(content, position, doubtful=count > 0 and content[position] != 0x80)
            if walked.why and count == 0 and not claims and not walked.dangers and walked.operations < _FEW_OPERATIONS:
                return
            if walked.why and count:
                self.hazards += [Hazard(member, danger.what, danger.name, danger.offset) for danger in walked.dangers]
                self.doubt(member, f"{len(content) - position} bytes after a pickle that are no pickle")
                return
            self.take(walked, member)
            if walked.why:
                self.doubt(member, walked.why)
                return
            position, count = walked.end, count + 1
            legacy = legacy or (count == 1 and walked.value == _TORCH_MAGIC)
            if legacy and count == 5:  # what follows are the tensors' raw bytes
                return
            if count > _MOST_PICKLES:
                self.doubt(member, f"more than {_MOST_PICKLES} pickles in a row")
                return


def _behaves_like_a_pickle(content: bytes) -> bool:
    """Tell whether pickles in a row reach their STOP and one of them calls or fetches something."""
    position = 0
    for _ in range(_MOST_PICKLES):
        walked = walk(content, position, doubtful=True)
        if walked.why:
            return bool(walked.calls and walked.dangers)
        if walked.calls or walked.dangers:
            return True
        position = walked.end
        if position >= len(content):
            return False
    return True


def _is_plain_array(header: bytes) -> bool:
    """Tell whether an npy header names a type whose elements are plain bytes; whatever else it says may be objects."""
    try:
        fields = ast.literal_eval(header[:_LONGEST_HEADER].decode("latin-1").strip())
        return isinstance(fields, dict) and _is_plain_type(fields.get("descr"), 0)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _is_plain_type(kind: object, depth: int) -> bool:
    if isinstance(kind, str):
        return bool(_PLAIN.fullmatch(kind))
    if isinstance(kind, list) and depth < MAX_DEPTH:
        return bool(kind) and all(isinstance(field, tuple) and len(field) > 1 and _is_plain_type(field[1], depth + 1) for field in kind)
    return isinstance(kind, tuple) and len(kind) == 2 and depth < MAX_DEPTH and _is_plain_type(kind[0], depth + 1)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
