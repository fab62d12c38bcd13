# SPDX-License-Identifier: Apache-2.0
"""OSV records, untrusted, to advisories, and advisories to rows of a database and back (OSV schema 1.7).

Of a record counts what names a package of an ecosystem that we order; ranges of git commits are left out, because a lock
names versions. A withdrawn record is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.ranges import contains
from pipeline_guard.gate.score import level_of_word, rate
from pipeline_guard.gate.versions.order import is_ordered
from pipeline_guard.model.advisory import Advisory, AdvisoryRow, Range
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.package import Ecosystem

MAX_RECORD = 16 * 1024 * 1024  # bytes; the largest published record has about 3 MB
_EVENTS = ("introduced", "fixed", "last_affected", "limit")
_ECOSYSTEMS = {ecosystem.value: ecosystem for ecosystem in Ecosystem if is_ordered(ecosystem)}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{2,127}", re.ASCII)
_SUMMARY = 200  # characters kept


def ecosystem_of(text: str) -> Ecosystem | None:
    """Return the ecosystem that OSV calls so; what follows a colon (a release of a distribution) does not count."""
    return _ECOSYSTEMS.get(text.partition(":")[0])


def lookup_name(ecosystem: Ecosystem, name: str) -> str:
    """Return the one spelling under which a package is looked up, whoever wrote its name."""
    if ecosystem is Ecosystem.PYPI:
        return re.sub(r"[-_.]+", "-", name).lower()
    if ecosystem is Ecosystem.CRATES:
        return name.lower().replace("_", "-")
    if ecosystem in (Ecosystem.NUGET, Ecosystem.PACKAGIST, Ecosystem.HEX, Ecosystem.PUB, Ecosystem.ACTIONS):
        return name.lower()
    if ecosystem is Ecosystem.SWIFT:
        return name.lower().removeprefix("https://").removesuffix("/").removesuffix(".git")
    return name


def parse(content: bytes, name: str) -> tuple[str, str, list[Advisory]]:
    """Read one record: its id, when it changed, an advisory for each package it names. Raises UsageError for what is no OSV record."""
    document = _document(content, name)
    if document.get("withdrawn"):
        return document["id"], _text(document.get("modified")), []
    aliases = tuple(alias for alias in _texts(document.get("aliases")) if _ID.fullmatch(alias))
    found: dict[tuple[Ecosystem, str], list[Mapping[str, Any]]] = {}
    for affected in _mappings(document.get("affected")):
        package = affected.get("package")
        ecosystem = ecosystem_of(_text(package.get("ecosystem"))) if isinstance(package, dict) else None
        if ecosystem is not None and isinstance(package, dict) and _text(package.get("name")):
            found.setdefault((ecosystem, _text(package["name"])), []).append(affected)
    summary = " ".join((_text(document.get("summary")) or _text(document.get("details")).partition("\n")[0]).split())[:_SUMMARY]
    advisories = []
    for (ecosystem, package_name), parts in found.items():
        ranges = tuple(dict.fromkeys(each for part in parts for each in _ranges(part, name)))
        listed = tuple(dict.fromkeys(version for part in parts for version in _texts(part.get("versions"))))
        level, score = _level(document, parts)
        advisories.append(
            Advisory(
                document["id"],
                ecosystem,
                lookup_name(ecosystem, package_name),
                aliases,
                ranges,
                _beyond(ecosystem, ranges, listed),
                level,
                score,
                summary,
            )
        )
    return document["id"], _text(document.get("modified")), advisories


def to_row(advisory: Advisory) -> AdvisoryRow:
    """Return an advisory as a database keeps it."""
    body = {
        "a": advisory.aliases,
        "r": [each.events for each in advisory.ranges],
        "v": advisory.versions,
        "l": advisory.level,
        "c": advisory.score,
        "s": advisory.summary,
    }
    return AdvisoryRow(advisory.ecosystem.value, advisory.name, advisory.id, json.dumps(body, separators=(",", ":")))


def from_row(row: AdvisoryRow) -> Advisory:
    """Return what ``to_row`` kept. Raises UsageError for a row that it did not write."""
    try:
        body = json.loads(row.body)
        return Advisory(
            row.id,
            Ecosystem(row.ecosystem),
            row.name,
            tuple(body["a"]),
            tuple(Range(tuple((kind, version) for kind, version in events)) for events in body["r"]),
            tuple(body["v"]),
            body["l"],
            float(body["c"]),
            body["s"],
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(f"the advisory {row.id[:60]!r} cannot be read", "build the database anew") from None


def _beyond(ecosystem: Ecosystem, ranges: tuple[Range, ...], listed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the listed versions that the ranges do not hold anyway: records repeat thousands."""
    return tuple(version for version in listed if contains(ecosystem, ranges, version) is not True)


def _document(content: bytes, name: str) -> dict[str, Any]:
    document = parse_json(content, name, limit=MAX_RECORD)
    if not isinstance(document, dict) or not isinstance(document.get("id"), str) or not _ID.fullmatch(document["id"]):
        raise UsageError(f"{name}: not an OSV record", "fetch the archive again")
    return document


def _ranges(affected: Mapping[str, Any], name: str) -> Iterator[Range]:
    for each in _mappings(affected.get("ranges")):
        if each.get("type") not in ("SEMVER", "ECOSYSTEM"):
            continue
        events = [(kind, _text(value)) for event in _mappings(each.get("events")) for kind, value in event.items() if kind in _EVENTS]
        if not any(kind == "introduced" for kind, _ in events):
            raise UsageError(f"{name}: a range without a beginning", "fetch the archive again")
        yield Range(tuple(events))


def _level(document: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> tuple[str, float]:
    vectors = [each for holder in (document, *parts) for each in _mappings(holder.get("severity"))]
    level, score = rate([(_text(each.get("type")), _text(each.get("score"))) for each in vectors])
    if level:
        return level, score
    specific = [holder.get("database_specific") for holder in (document, *parts)]
    words = [level_of_word(_text(each.get("severity"))) for each in specific if isinstance(each, dict)]
    return next((word for word in words if word), ""), -1.0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
