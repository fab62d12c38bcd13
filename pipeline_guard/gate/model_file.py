# SPDX-License-Identifier: Apache-2.0
"""Model files by content: which pickles and other models lie in a file, however packed, and what they would do; nothing is loaded.

Extensions are never trusted, only used to decide whether something unreadable matters. Layouts: numpy's npy format 1 to 3,
torch.save (zip, and the five pickles before the raw storages of the legacy form), joblib's compressed streams.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from pipeline_guard.gate.container import Part, Trouble, unpack
from pipeline_guard.gate.model_format import table, torchscript
from pipeline_guard.gate.model_hazard import PICKLE, Doubt, Hazard
from pipeline_guard.gate.octets import Octets, TooLong, part_of
from pipeline_guard.gate.pickle_walk import MAX_OPERATIONS, Walk, is_opcode, most_operations, walk

MAX_DEPTH = 4  # containers in containers
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_PICKLES = 10_000  # in a row
_MOST_LOADS = 10_000  # of pickles in pickles
_FEW_OPERATIONS = 4  # before a walk fails: then it was no pickle
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".dill", ".pck")
_PACKED_NAMES = (".gz", ".z", ".bz2", ".xz", ".lzma")
_TORCH_NAMES = (".pt", ".pth", ".ckpt")  # also extensions of texts
_PLAIN = re.compile(r"[|<>=]?(?:[biufcSUaVMm][0-9]+(?:\[[0-9A-Za-z]+\])?|\?)")  # numpy's kinds without objects
_PYTHON_2 = re.compile(r"\b(\d+)L\b")  # wrote long numbers so
_LONGEST_HEADER = 64 * 1024
_CHUNK = 1024 * 1024
_MOST_HEADS = 50_000  # of pickles within other bytes
# PROTO, and an opcode with which pickles begin
_HEAD = re.compile(rb"\x80[\x02-\x05](?=[\x95\x8c(c}\]\)X])")
_POINTER = b"version https://git-lfs.github.com/spec/"


class ModelVerdict(Enum):
    """Whether loading a file can run code of its choosing."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What was found in one file that holds models, or that should and cannot be read (``doubts`` say why).

    ``pickles`` and ``formats`` count the pickles and the models of other formats in it.
    """

    path: str
    pickles: int
    hazards: tuple[Hazard, ...] = ()
    doubts: tuple[str, ...] = ()
    formats: int = 0

    @property
    def verdict(self) -> ModelVerdict:
        """Unsafe if anything is known to be; else undecidable if anything is open."""
        if self.hazards:
            return ModelVerdict.UNSAFE
        return ModelVerdict.UNDECIDABLE if self.doubts else ModelVerdict.SAFE


def inspect(content: Octets, path: str) -> ModelFacts | None:
    """Return the facts of a file that holds or claims to hold models; None for every other file. Never raises."""
    found = inspect_both(content, path)
    if not found:
        return None
    doubts = tuple(doubt for facts in found for doubt in facts.doubts)
    hazards = tuple(hazard for facts in found for hazard in facts.hazards)
    return ModelFacts(path, sum(facts.pickles for facts in found), hazards, doubts, sum(facts.formats for facts in found))


def inspect_both(content: Octets, path: str) -> list[ModelFacts]:
    """Return the facts about the pickles in a file and those about its other models, each only where there is something to say."""
    look = _Look(budget=most_operations(len(content)))
    try:
        look.at(Part(path, content), "", 0)
    except TooLong as error:
        look.doubt("", str(error))
    found = []
    if look.pickles or look.doubts:
        hazards = tuple(hazard for hazard in look.hazards if hazard.rule == PICKLE)
        found.append(ModelFacts(path, look.pickles, hazards, tuple(dict.fromkeys(look.doubts))))
    if look.formats:
        hazards = tuple(hazard for hazard in look.hazards if hazard.rule != PICKLE)
        found.append(ModelFacts(path, 0, hazards, tuple(dict.fromkeys(look.format_doubts)), look.formats))
    return found


@dataclass(slots=True)
class _Look:
    """Everything seen in one file so far."""

    pickles: int = 0
    hazards: list[Hazard] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    formats: int = 0
    format_doubts: list[str] = field(default_factory=list)
    unpacked: int = 0
    loads: int = 0
    within: int = 0
    operations: int = 0  # of all pickles so far: many small members are as slow as one large one
    budget: int = MAX_OPERATIONS

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
        known = self.format(content, part.name or name, member)
        parts = unpack(content, self.unpacked)
        if parts is not None:
            self.into(parts, name, member, depth, claims=claims)
        # NOTE: a container may be a pickle as well: the first bytes of a tar are a file's name
        if content[:1] == b"\x80" and content[1:2] in (b"\2", b"\3", b"\4", b"\5"):
            self.stream(content, 0, member, claims=claims)
        elif len(content) and is_opcode(content[0]):
            self.bare(content, member, claims=claims and parts is None and not known)
        if parts is None and not known and before == (self.pickles, len(self.doubts)):
            self.embedded(content, member)
        if claims and len(content) and parts is None and not known and before == (self.pickles, len(self.doubts)):
            self.doubt(member, "not a format that the gate knows")

    def into(self, parts: Iterator[Part | Trouble], name: str, member: str, depth: int, *, claims: bool) -> None:
        """Look at every member of a container."""
        if depth >= MAX_DEPTH:
            self.doubt(member, f"more than {MAX_DEPTH} containers in each other")
            return
        scripts: list[tuple[str, Octets]] = []
        is_torch = claims
        for inner in parts:
            if isinstance(inner, Part):
                self.unpacked += inner.unpacked
                inside = "/".join(part for part in (member, inner.name) if part)
                is_torch = is_torch or inner.name.endswith(("/data.pkl", "/constants.pkl"))
                if torchscript.is_script(inner.name):
                    scripts.append((inside, inner.content))
                self.at(Part(inner.name or name, inner.content), inside, depth + 1)
            elif inner.always or claims:
                self.doubt(member, inner.why)
        for inside, source in scripts if is_torch else ():
            self.formats += 1
            self.take_all(torchscript.inspect(source[: len(source)].decode("utf-8", "replace")), inside)

    def format(self, content: Octets, name: str, member: str) -> bool:
        """Look at a model of another format than pickle; tell whether it is one."""
        found = table.reading(content, name)
        if found is not None:
            self.formats += 1
            self.take_all(found, member)
        return found is not None

    def take_all(self, found: Iterator[Hazard | Doubt], member: str) -> None:
        """Take over what a format's reader says."""
        try:
            for item in found:
                if isinstance(item, Hazard):
                    self.hazards.append(replace(item, member=member))
                else:
                    self.format_doubts.append(f"{member}: {item.why}" if member else item.why)
        except TooLong as error:
            self.format_doubts.append(f"{member}: {error}" if member else str(error))

    def embedded(self, content: Octets, member: str) -> None:
        """Look for pickles within bytes of no known format: one counts if it reaches its STOP and calls what runs code."""
        size = len(content)
        position, tries = 0, 0
        while position < size and tries < _MOST_HEADS:
            piece = content[position : position + _CHUNK]
            if position == 0 and b"\0" not in piece[:8192] and _is_text(piece[:8192]):
                return
            for match in _HEAD.finditer(piece):
                tries += 1
                walked = walk(content, position + match.start(), doubtful=True)
                if not walked.why and walked.calls and any(danger.known for danger in walked.dangers):
                    self.take(walked, member, content)
            position += max(len(piece) - 8, 8)

    def doubt(self, member: str, why: str) -> None:
        """Note that something could not be decided."""
        self.doubts.append(f"{member}: {why}" if member else why)

    def take(self, walked: Walk, member: str, content: Octets) -> None:
        """Take over what a walk found, and look at what it would load in turn."""
        self.pickles += 1
        self.hazards += [Hazard(member, danger.what, danger.name, danger.offset) for danger in walked.dangers]
        for begin, end in walked.nested:
            self.loads += 1
            if self.loads > _MOST_LOADS or self.within >= MAX_DEPTH:
                self.doubt(member, "too many tensors that are pickles in a pickle")
                return
            self.within += 1
            inside = f"{member}/{begin}" if member else f"{begin}"
            self.at(Part("tensor.pkl", part_of(content, begin, end)), inside, self.within)
            self.within -= 1

    def array(self, content: Octets, member: str) -> None:
        """Look into an npy file: one whose elements are objects holds a pickle after its header."""
        width = 2 if content[6:7] == b"\1" else 4
        start = 8 + width + int.from_bytes(content[8 : 8 + width], "little")
        if start > len(content):
            self.doubt(member, "an array whose header is cut off")
        elif not _is_plain_array(content[8 + width : start]):
            self.stream(content, start, member, claims=True)

    def bare(self, content: Octets, member: str, *, claims: bool) -> None:
        """Look at bytes that could be a pickle without a protocol number: only what behaves like one counts."""
        if claims or _behaves_like_a_pickle(content):
            self.stream(content, 0, member, claims=True)

    def stream(self, content: Octets, start: int, member: str, *, claims: bool) -> None:
        """Look at pickles one after another, to the end of the bytes."""
        position, count, legacy = start, 0, False
        while position < len(content):
            if self.operations > self.budget:
                self.doubt(member, f"more than {self.budget} operations in all its pickles")
                return
            walked = walk(content, position, doubtful=count > 0 and content[position] != 0x80)
            self.operations += walked.operations
            if walked.why and count == 0 and not claims and not walked.dangers and walked.operations < _FEW_OPERATIONS:
                return
            if walked.why and count:
                self.hazards += [Hazard(member, danger.what, danger.name, danger.offset) for danger in walked.dangers]
                self.doubt(member, f"{len(content) - position} bytes after a pickle that are no pickle")
                return
            self.take(walked, member, content)
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


def _behaves_like_a_pickle(content: Octets) -> bool:
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
        text = _PYTHON_2.sub(r"\1", header[:_LONGEST_HEADER].decode("latin-1").strip())
        fields = ast.literal_eval(text)
        return isinstance(fields, dict) and _is_plain_type(fields.get("descr"), 0)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _is_plain_type(kind: object, depth: int) -> bool:
    if isinstance(kind, str):
        return bool(_PLAIN.fullmatch(kind))
    if isinstance(kind, list) and depth < MAX_DEPTH:
        return bool(kind) and all(isinstance(field, tuple) and len(field) > 1 and _is_plain_type(field[1], depth + 1) for field in kind)
    return isinstance(kind, tuple) and len(kind) == 2 and depth < MAX_DEPTH and _is_plain_type(kind[0], depth + 1)


def _is_text(content: Octets) -> bool:
    try:
        return "\0" not in content[: 1024 * 1024].decode("utf-8")
    except UnicodeDecodeError:
        return False
