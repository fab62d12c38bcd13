# SPDX-License-Identifier: Apache-2.0
"""Stored bytes to the texts that rules can read: containers opened, formats taken apart, encodings undone.

Nothing is ever executed, loaded or written. What cannot be read comes as ``Unchecked`` under ``outer!inner``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline_guard.model.limits import Limits
from pipeline_guard.model.verdict import Unchecked
from pipeline_guard.scan import binary, notebook
from pipeline_guard.scan.containers.member import Budget, Member
from pipeline_guard.scan.containers.opening import opened
from pipeline_guard.scan.decode import OverLimit, decoded, is_store
from pipeline_guard.scan.encoding import is_binary, sniff, wide_text
from pipeline_guard.scan.formats.known import known
from pipeline_guard.scan.fragment import Fragment, Page, Piece, Span, as_is, joined
from pipeline_guard.scan.lone import lone_value

_BATCH = 4096  # decoded pieces read as one text
_POINTER, _POINTER_SIZE = b"version https://git-lfs.github.com/spec/v1\n", 1024  # docs/spec.md of Git LFS
_TROUBLES = 100  # of one stored file; more would only repeat themselves


def fragments(path: str, data: bytes, limits: Limits = Limits()) -> Iterator[Fragment | Unchecked]:  # noqa: B008 - frozen
    """Give the texts of one file: those in its containers, the file itself, what is encoded in each. Never raises."""
    troubles = 0
    for found in _Reading(Budget(limits)).file(_File(path, data, path), 0):
        if isinstance(found, Unchecked):
            troubles += 1
            if troubles == _TROUBLES:
                yield Unchecked(path, "more could not be read")
            if troubles >= _TROUBLES:
                continue
        yield found


@dataclass(frozen=True, slots=True)
class _File:
    """One file or member: its name, its shown path, how it was reached, and where its text lies (None: itself)."""

    name: str
    data: bytes
    shown: str
    chain: str = ""
    page: Page | None = None
    stored: Callable[[int, int], Span | None] = as_is  # of a member that has no page of its own


@dataclass(slots=True)
class _Reading:
    """The reading of one stored file."""

    budget: Budget

    def file(self, file: _File, depth: int) -> Iterator[Fragment | Unchecked]:
        """Give everything that one file or member holds."""
        if file.data.startswith(_POINTER) and len(file.data) < _POINTER_SIZE:
            yield Unchecked(file.shown, "a Git LFS pointer: what it stands for is not here, git lfs pull brings it")
        container = opened(file.data, self.budget)
        if container is not None:
            if depth >= self.budget.limits.depth:
                yield Unchecked(file.shown, f"more than {self.budget.limits.depth} containers in each other")
                return
            opens = False
            for member in container[1]:
                if isinstance(member, Member):
                    opens = True
                    yield from self.file(_inside(file, container[0], member), depth + 1)
                else:
                    yield Unchecked(f"{file.shown}!{member.name}" if member.name else file.shown, member.why)
            if opens or depth:
                return  # else it may be a text that only begins like one: it is read as it is
        encoding = sniff(file.data)
        if encoding.codec:
            yield from self.piece(file, wide_text(file.data, encoding), encoding.codec[:6], depth)
            return
        reading = known(file.name, file.data)
        if reading is not None:
            if reading.why:
                yield Unchecked(file.shown, reading.why)
            for piece in reading.pieces:
                yield from self.piece(file, piece, reading.name, depth)
            if not reading.rest:
                return
        yield from self.plain(file, depth)

    def plain(self, file: _File, depth: int) -> Iterator[Fragment | Unchecked]:
        """Give a file without a format that is known."""
        data = file.data
        if is_binary(data):
            yield Fragment(data[: binary.HEAD], file.stored, file.chain, file.page)
            for piece in binary.texts(data):
                yield from self.piece(file, piece, "", depth)
            return
        if file.name.lower().endswith(".ipynb"):
            cells = notebook.read(data)
            if cells is not None:
                texts, data = cells
                if texts:
                    yield from self.piece(file, joined(texts), "notebook", depth)
        if b"\r" in data and b"\n" not in data:
            data = data.replace(b"\r", b"\n")  # old Macintosh line ends; no offset changes
        lone = lone_value(file.name, data)
        if lone is not None:
            yield Fragment(lone.data, _after(file.stored, lone.stored), file.chain, file.page)
        yield from self.piece(file, Piece(data, as_is), "", depth)

    def piece(self, file: _File, piece: Piece, name: str, depth: int, layer: int = 0) -> Iterator[Fragment | Unchecked]:
        """Give one text of a file, and what is encoded in it."""
        stored = _after(file.stored, piece.stored)
        chain = _chained(file.chain, name)
        yield Fragment(piece.data, stored, chain, file.page)
        if layer >= self.budget.limits.layers or len(piece.data) < 16:
            return
        groups: dict[str, list[Piece]] = {}
        inside = _File("", b"", file.shown, chain, file.page, stored)
        try:
            for kind, inner in decoded(piece.data, self.budget.limits.decoded - self.budget.decoded):
                self.budget.decoded += len(inner.data)
                if kind == "base64" and (is_store(inner.data) or opened(inner.data, self.budget) is not None):
                    whole = _after(stored, inner.stored)(0, len(inner.data))
                    packed = _File("", inner.data, file.shown, _chained(chain, kind), file.page, _constant(whole))
                    yield from self.file(packed, depth + 1)
                    continue
                group = groups.setdefault(kind, [])
                group.append(inner)
                if len(group) >= _BATCH:
                    yield from self.piece(inside, joined(groups.pop(kind)), kind, depth, layer + 1)
        except OverLimit:
            yield Unchecked(file.shown, f"more than {self.budget.limits.decoded} bytes of encoded text: the rest was not decoded")
        for kind, pieces in groups.items():
            yield from self.piece(inside, joined(pieces), kind, depth, layer + 1)


def _inside(file: _File, kind: str, member: Member) -> _File:
    chain = _chained(file.chain, f"{kind}:{member.name}" if member.name else kind)
    shown = f"{file.shown}!{member.name}" if member.name else file.shown
    if file.stored is not as_is:  # from within a text: there is no page to count lines in but the text's
        return _File(member.name, member.data, shown, chain, file.page, file.stored)
    size = len(file.data)
    span = (min(member.span[0], size), min(member.span[1], size)) if member.span else (0, size)
    extent = file.page.extent if file.page is not None else span
    return _File(member.name or file.name, member.data, shown, chain, Page(member.data, extent))


def _chained(chain: str, name: str) -> str:
    return f"{chain} > {name}" if chain and name else chain or name


def _after(outer: Callable[[int, int], Span | None], inner: Callable[[int, int], Span | None]) -> Callable[[int, int], Span | None]:
    """Map through two layers."""
    if outer is as_is:
        return inner

    def stored(start: int, end: int) -> Span | None:
        span = inner(start, end)
        return outer(*span) if span is not None else None

    return stored


def _constant(span: Span | None) -> Callable[[int, int], Span | None]:
    return lambda _start, _end: span
