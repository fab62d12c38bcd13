# SPDX-License-Identifier: Apache-2.0
"""Formats whose texts lie at known places of the file, told by their first bytes, a few by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_guard.scan.binary import batches, text_of
from pipeline_guard.scan.formats import compiled, documents, model_files, pickles, sqlite_file
from pipeline_guard.scan.fragment import Piece, Span, joined, shifted


@dataclass(frozen=True, slots=True)
class Reading:
    """The texts of one file under a name for what was undone.

    ``rest`` tells whether the file is read as it is besides; ``why`` what could not be read, "" for nothing.
    """

    name: str
    pieces: Sequence[Piece]
    rest: bool = True
    why: str = ""


def known(path: str, data: bytes) -> Reading | None:
    """Read a file of a known format; None for every other. Never raises."""
    head = data[:16]
    if pickles.is_pickle(data) or head.startswith(b"\x93NUMPY"):
        start = pickles.array_start(data) if head[:1] == b"\x93" else 0
        spans, whole = pickles.texts(data, start) if start >= 0 else ([], False)
        marked = head[:1] in (b"\x80", b"\x93")  # without a mark it may be a text by chance
        return _reading("pickle", data, spans, rest=not (whole and marked))
    if head.startswith(b"GGUF"):
        spans, whole = model_files.gguf_texts(data)
        return _reading("gguf", data, spans, rest=not whole)
    if head.startswith(sqlite_file.MAGIC):
        return _reading("sqlite", data, sqlite_file.texts(data))
    if compiled.is_pyc(data):
        spans, whole = compiled.pyc_texts(data)
        return _reading("pyc", data, spans, rest=not whole)
    if compiled.is_class(data):
        return _reading("class", data, compiled.class_texts(data))
    if head.startswith(b"dex\n"):
        return _reading("dex", data, compiled.dex_texts(data))
    if data[8:9] == b"{" and (header := model_files.safetensors_header(data)):
        why = "" if header[1] <= len(data) else "a safetensors header that is cut off"
        return Reading("safetensors", [Piece(data[slice(*header)], shifted(header[0]))], rest=bool(why), why=why)
    if head.startswith(b"%PDF-"):
        texts = list(documents.pdf_texts(data))
        return Reading("pdf", [joined(texts)] if texts else [])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        texts = list(documents.png_texts(data))
        return Reading("png", [joined(texts)] if texts else [])
    if documents.is_office(path) and b"<" in data[:200]:
        return Reading("xml", [documents.office_text(data)])
    if model_files.is_protobuf(path):
        return _reading("protobuf", data, model_files.protobuf_texts(data))
    return None


def _reading(name: str, data: bytes, spans: list[Span], *, rest: bool = True) -> Reading:
    if len(spans) <= 20_000:
        return Reading(name, [text_of(data, spans)] if spans else [], rest)
    return Reading(name, list(batches(data, iter(spans))), rest)
