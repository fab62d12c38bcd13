# SPDX-License-Identifier: Apache-2.0
"""JSON results of earlier runs, read back as what they were. They may come from a stranger's pipeline: nothing in them is trusted.

Unknown fields are left out, so that nothing reaches a report but what the schemas know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from pipeline_guard.errors import UsageError
from pipeline_guard.model.finding import Confidence, Finding, FindingStatus, Origin, ScanReport, ScanStats, Severity
from pipeline_guard.model.location import Location
from pipeline_guard.model.overview import Signature
from pipeline_guard.model.verdict import Check, CheckStatus, Outcome, Unchecked, Verdict

LIMIT = 64 * 1024 * 1024  # bytes of one file
_MOST = 200_000  # elements of one list
_TEXT = 10_000  # characters of one text
_LARGEST = 2**53  # integers that every reader of JSON keeps exact
SCHEMAS = ("pipeline-guard/scan-report/v1", "pipeline-guard/verdict/v1", "pipeline-guard/verification/v1")

E = TypeVar("E", bound=Enum)
Result = ScanReport | Verdict | tuple[Signature, ...]


def read_result(content: bytes, name: str) -> Result:
    """Return one document; raise UsageError, naming the place, for anything that is not as its schema says."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise UsageError(f"{name}: not JSON, or nested too deep", "give what --output json=FILE wrote") from None
    root = _Place(document, name)
    schema = root.at("schema").text()
    if schema == SCHEMAS[0]:
        return _scan(root)
    if schema == SCHEMAS[1]:
        return _verdict(root)
    if schema == SCHEMAS[2]:
        return tuple(_signature(each) for each in root.at("subjects").each())
    raise UsageError(f"{name}: unknown schema {schema[:60]!r}", f"known are {', '.join(SCHEMAS)}")


@dataclass(frozen=True, slots=True)
class _Place:
    """A value in a document, and how to find it."""

    value: Any
    path: str

    def at(self, key: str) -> _Place:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return _Place(self.value.get(key), f"{self.path}: {key}" if ": " not in self.path else f"{self.path}.{key}")

    def each(self) -> list[_Place]:
        if not isinstance(self.value, list) or len(self.value) > _MOST:
            raise self.wrong(f"a list of at most {_MOST:,} elements")
        return [_Place(item, f"{self.path}[{number}]") for number, item in enumerate(self.value)]

    def text(self, default: str | None = None) -> str:
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value[:_TEXT]

    def number(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= _LARGEST:
            raise self.wrong("a whole number")
        return self.value

    def one_of(self, kind: type[E]) -> E:
        for member in kind:
            if member.value == self.value:
                return member
        raise self.wrong(f"one of {', '.join(str(member.value) for member in kind)}")

    def wrong(self, expected: str) -> UsageError:
        return UsageError(f"{self.path} is not {expected}", "give what --output json=FILE wrote, unchanged")


def _scan(root: _Place) -> ScanReport:
    stats = root.at("stats")
    seconds = stats.at("seconds").value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < _LARGEST:
        raise stats.at("seconds").wrong("a number")
    return ScanReport(
        tuple(_finding(each) for each in root.at("findings").each()),
        tuple(Unchecked(each.at("path").text(), each.at("why").text()) for each in root.at("unchecked").each()),
        ScanStats(stats.at("files").number(), stats.at("bytes").number(), stats.at("commits").number(), float(seconds)),
    )


def _finding(place: _Place) -> Finding:
    origin = Origin(place.at("commit").text(""), place.at("author").text(""), place.at("date").text(""))
    return Finding(
        rule=place.at("rule").text(),
        title=place.at("title").text(),
        severity=place.at("severity").one_of(Severity),
        confidence=place.at("confidence").one_of(Confidence),
        location=_location(place),
        fingerprint=place.at("fingerprint").text(),
        preview=place.at("preview").text(),
        hint=place.at("hint").text(),
        status=place.at("status").one_of(FindingStatus),
        origin=origin if origin != Origin("") else None,
        decoded_from=place.at("decoded_from").text(""),
    )


def _location(place: _Place) -> Location:
    return Location(
        path=place.at("path").text(),
        line=place.at("line").number(),
        column=place.at("column").number(),
        end_line=place.at("end_line").number(),
        end_column=place.at("end_column").number(),
        byte_start=place.at("byte_start").number(),
        byte_end=place.at("byte_end").number(),
        commit=place.at("commit").text(""),
    )


def _verdict(root: _Place) -> Verdict:
    policy = root.at("policy")
    return Verdict(
        root.at("verdict").one_of(Outcome),
        tuple(_check(each) for each in root.at("checks").each()),
        policy.at("digest").text(),
        policy.at("source").text(),
    )


def _check(place: _Place) -> Check:
    return Check(
        place.at("id").text(),
        place.at("status").one_of(CheckStatus),
        place.at("why").text(),
        tuple(_location(each) for each in place.at("locations").each()),
        place.at("fix").text(),
    )


def _signature(place: _Place) -> Signature:
    verified = place.at("verified").value
    if not isinstance(verified, bool):
        raise place.at("verified").wrong("true or false")
    signer, time = place.at("signer"), place.at("time")
    return Signature(
        subject=place.at("subject").text(),
        verified=verified,
        verdict=place.at("verdict").text(),
        why=place.at("why").text(),
        hint=place.at("hint").text(""),
        signer=_signer(signer) if signer.value is not None else "",
        time=_time(time.at("time")) if time.value is not None else None,
    )


def _signer(place: _Place) -> str:
    """Return who signed: an identity, else a key's name, else its fingerprint."""
    name = place.at("name").text("")
    return place.at("identity").text("") or name or place.at("fingerprint").text("")


def _time(place: _Place) -> datetime:
    try:
        found = datetime.fromisoformat(place.text())
    except ValueError:
        raise place.wrong("a time in ISO 8601") from None
    if found.tzinfo is None:
        raise place.wrong("a time with its zone")
    return found
