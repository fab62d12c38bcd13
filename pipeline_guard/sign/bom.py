# SPDX-License-Identifier: Apache-2.0
"""Is a bill of materials about this model? Its SHA-256 digests of files are compared with the model's own list before it is signed.

A BOM says much that nobody can check; its digests can be, so they must be right. Digests of software that the model needs (libraries,
containers) are none of the model's files and are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_guard.errors import IntegrityError
from pipeline_guard.sign.predicate import is_of

_OWN = ("file", "data", "machine-learning-model")  # component types of CycloneDX that can be files of a model
_MAX_DEPTH = 32
_HINT = "make the BOM anew from this model, or sign the model that it was made from"


def check_bom(bom: Mapping[str, Any], predicate_type: str, files: Mapping[str, str], root: str, name: str) -> None:
    """Compare the digests of a BOM with a model's files (path: SHA-256) and its root digest; other predicates are left alone.

    Raises IntegrityError where one differs, or where there is none at all: nothing would bind the BOM to the model.
    """
    if is_of(predicate_type, "cyclonedx"):
        claims = list(_cyclonedx([bom.get("metadata", {}), bom], 0))
    elif is_of(predicate_type, "spdx"):
        claims = list(_spdx(bom))
    else:
        return
    known = {*files.values(), root}
    for path, digest in claims:
        own = files.get(path.removeprefix("./"))
        if own is not None and own != digest:
            raise IntegrityError(f"{name}: the BOM says {path[:100]} is sha256:{digest[:64]}, but the model's is sha256:{own}", _HINT)
        if own is None and digest not in known:
            raise IntegrityError(f"{name}: the BOM speaks of {path[:100]} (sha256:{digest[:64]}), which is no file of the model", _HINT)
    if not claims:
        raise IntegrityError(f"{name}: the BOM has no SHA-256 of any file of the model, so nothing binds the two", _HINT)


def _cyclonedx(places: list[Any], depth: int) -> Iterator[tuple[str, str]]:
    """Give (name, SHA-256) of every component that can be a file of the model, nested ones too."""
    for place in places:
        if not isinstance(place, dict) or depth > _MAX_DEPTH:
            continue
        found = place.get("components", [])
        components = [place.get("component"), *(found if isinstance(found, list) else [])]
        for component in components:
            if not isinstance(component, dict):
                continue
            if component.get("type") in _OWN:
                for value in _values(component.get("hashes"), "alg", "content", ("SHA-256",)):
                    yield str(component.get("name", "")), value
            yield from _cyclonedx([component], depth + 1)


def _spdx(bom: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give (name, SHA-256) of every file, in version 2 and 3."""
    files, graph = bom.get("files"), bom.get("@graph")
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict):
            for value in _values(file.get("checksums"), "algorithm", "checksumValue", ("SHA256",)):
                yield str(file.get("fileName", "")), value
    for element in graph if isinstance(graph, list) else []:
        if isinstance(element, dict) and element.get("type") == "software_File":
            for value in _values(element.get("verifiedUsing"), "algorithm", "hashValue", ("sha256",)):
                yield str(element.get("name", "")), value


def _values(hashes: Any, algorithm: str, value: str, wanted: tuple[str, ...]) -> Iterator[str]:
    for each in hashes if isinstance(hashes, list) else []:
        if isinstance(each, dict) and each.get(algorithm) in wanted and isinstance(each.get(value), str):
            yield each[value].lower()
