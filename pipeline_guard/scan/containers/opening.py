# SPDX-License-Identifier: Apache-2.0
"""Which container a file is, told by its content and never by its name; and its members."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_guard.scan.containers import packages, seven_zip, tar_archive, zip_archive
from pipeline_guard.scan.containers.compression import Broken, Inflated, Source, engine
from pipeline_guard.scan.containers.member import Budget, Member, Trouble

Found = Iterator[Member | Trouble]


def opened(data: bytes, budget: Budget) -> tuple[str, Found] | None:
    """Return a container's kind and its members; None for everything else. Never raises, nor do the members."""
    if len(data) < 20:
        return None
    if zip_archive.is_zip(data):
        return "zip", zip_archive.members(data, budget)
    if tar_archive.is_tar(data[:512]):
        return "tar", tar_archive.members(Source(data), budget)
    if packages.is_ar(data):
        return "ar", packages.ar_members(data, budget)
    if packages.is_cpio(data[:76]):
        return "cpio", packages.cpio_members(Source(data), budget)
    if seven_zip.is_seven_zip(data):
        return "7z", seven_zip.members(data, budget)
    payload = packages.rpm_payload(data)
    if payload >= 0:
        return "rpm", _rpm(data, payload)
    return _compressed(data, budget)


def _rpm(data: bytes, payload: int) -> Found:
    yield Member("header", data[:payload], (0, payload))
    yield Member("payload", data[payload:], (payload, len(data)))


def _compressed(data: bytes, budget: Budget) -> tuple[str, Found] | None:
    found = engine(data)
    if found is None:
        return None
    kind, begin = found
    if begin is None:
        return kind, iter([Trouble("", f"{kind} cannot be read here: pip install 'pipeline-guard[archives]'")])
    stream = Inflated(data, begin, budget)
    try:
        head = stream.peek(512)
    except Broken as broken:
        return kind, iter([Trouble("", str(broken))])
    if tar_archive.is_tar(head):
        return f"{kind} > tar", tar_archive.members(stream, budget)
    if packages.is_cpio(head[:76]):
        return f"{kind} > cpio", packages.cpio_members(stream, budget)
    return kind, _single(stream, len(data), budget)


def _single(stream: Inflated, packed: int, budget: Budget) -> Found:
    plain, why = zip_archive.drained(stream, packed, budget)
    if why:
        yield Trouble("", why)
    if plain:
        yield Member("", plain)
