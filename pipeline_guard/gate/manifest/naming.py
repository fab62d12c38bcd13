# SPDX-License-Identifier: Apache-2.0
"""How lock files spell names and checksums, made one spelling."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote_plus

from pipeline_guard.model.package import Checksum, Ecosystem, PackageSource

_SEPARATORS = re.compile(r"[-_.]+")
_GIT = re.compile(r"(git\+|git:|github:|gitlab:|bitbucket:|gist:|git@|ssh:)", re.IGNORECASE)


@lru_cache(maxsize=1 << 15)  # a lock asks for its names in the same order again: one that holds fewer would hold none of them
def pypi_name(name: str) -> str:
    """Return a Python project's name as PEP 503 normalises it."""
    return _SEPARATORS.sub("-", name).lower()


def is_listed(name: str, patterns: Iterable[str], ecosystem: Ecosystem) -> bool:
    """Tell whether policy lists a package: by its name, or by a prefix that ends with ``*``, as the ecosystem spells names."""

    def spelt(text: str) -> str:
        return pypi_name(text) if ecosystem is Ecosystem.PYPI else text.lower()

    name = spelt(name)
    return any(name.startswith(spelt(pattern[:-1])) if pattern.endswith("*") else name == spelt(pattern) for pattern in patterns)


@lru_cache(maxsize=256)
def source(kind: str, location: str = "", revision: str = "") -> PackageSource:
    """Return a source; the same one for the same words, since a lock names few."""
    return PackageSource(kind, location, revision)  # type: ignore[arg-type]  # callers pass kinds as words


def colon_checksum(text: str) -> Checksum:
    """Read ``sha256:HEX``."""
    algorithm, colon, value = text.partition(":")
    return Checksum(algorithm.lower(), value) if colon else Checksum("", text)


def sri(text: str) -> tuple[Checksum, ...]:
    """Read subresource integrity: ``sha512-BASE64 sha1-BASE64``, options behind ``?`` left out."""
    found = []
    for word in text.split():
        algorithm, _, value = word.partition("-")
        found.append(Checksum(algorithm.lower(), value.partition("?")[0], "sri"))
    return tuple(found)


def is_git(text: str) -> bool:
    """Tell whether an address is one of git."""
    return bool(_GIT.match(text)) or text.partition("#")[0].endswith(".git")


def git_source(text: str) -> PackageSource:
    """Divide ``URL#REVISION``."""
    location, _, revision = text.partition("#")
    return PackageSource("git", location, revision)


def git_query_source(location: str) -> PackageSource:
    """Divide ``URL?rev=REVISION#COMMIT``: the commit counts, without one what was asked for."""
    address, _, fragment = location.partition("#")
    asked = dict(pair.partition("=")[::2] for pair in address.partition("?")[2].split("&"))
    return PackageSource("git", address, fragment or unquote_plus(asked.get("rev", "")))


def digest_bits(checksum: Checksum) -> int | None:
    """Return the length of a checksum's value in bits as it is spelt; None where it is malformed."""
    if checksum.form.startswith(("hex", "yarn")):
        return len(checksum.value) * 4 if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", checksum.value) else None
    if checksum.form == "zh":
        return len(checksum.value) * 4 if re.fullmatch(r"[0-9a-f]{64}", checksum.value) else None
    try:
        return len(base64.b64decode(checksum.value, validate=True)) * 8
    except (binascii.Error, ValueError):
        return None
