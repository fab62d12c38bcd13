# SPDX-License-Identifier: Apache-2.0
"""A key's life, and what it means for one signature: the only place that decides about times of keys.

A signature's own claim of when it was made is worth nothing. Where a key was once ended, revoked or compromised, only a trusted
time from before that moment makes its signatures count.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.key import KeyState, KeyType
from pipeline_guard.model.signature import Judgement, SignatureVerdict, SignedBy
from pipeline_guard.model.timeline import KeyTimeline, KeyVersion
from pipeline_guard.model.trusted_time import TrustedTime
from pipeline_guard.sign.public_key import load

SCHEMA = "pipeline-guard/key-timeline/v1"
MAX_TIMELINE = 4 * 1024 * 1024
LEEWAY = timedelta(minutes=5)  # between our clock and that of who vouches for a time; never granted at the end of a key
_HINT = "export it again: pipeline-guard keys export-public NAME --timeline FILE"
_DATES = ("created", "activates", "expires", "stops", "deactivated", "compromised")
_FIELDS = {"version", "type", "id", "state", "revocation", "public_key", *_DATES}
_RESIGN = "have it signed again with a key that is in use"
_STAMP = f"{_RESIGN}; a timestamp (RFC 3161) made with the signature would have outlived the key"


def bare(public_pem: str, name: str = "") -> KeyTimeline:
    """Return the timeline of a public key that nothing else is known of. Raises UsageError for what is no key."""
    key = load(public_pem)
    return KeyTimeline(name, (KeyVersion(key.fingerprint, key.type, public_pem),))


def judge(timeline: KeyTimeline, fingerprint: str, times: Iterable[TrustedTime], now: datetime) -> Judgement:
    """Say whether a genuine signature by ``fingerprint`` counts, and why.

    ``times`` are proofs of when it existed; the earliest one decides, one that lies in the future is passed over.
    """
    version = next((each for each in timeline.versions if each.fingerprint == fingerprint), None)
    if version is None:
        return Judgement(
            SignatureVerdict.UNKNOWN_KEY,
            f"made with another key (sha256:{fingerprint})",
            f"the key asked for is sha256:{timeline.newest.fingerprint}; give the signer's, or have it signed with this one",
        )
    usable = [each for each in times if each.time <= now + LEEWAY]
    time = min(usable, key=lambda each: each.time, default=None)
    by = SignedBy(version.fingerprint, version.type, timeline.name, version.version)
    verdict, why, hint = _verdict(version, called(timeline, version), time, now)
    return Judgement(verdict, why, hint, time, by)


def called(timeline: KeyTimeline, version: KeyVersion) -> str:
    """Return what people call a version: NAME/NUMBER, or its fingerprint."""
    return f"{timeline.name}/{version.version}" if timeline.name and version.version else f"sha256:{version.fingerprint}"


def _verdict(version: KeyVersion, key: str, time: TrustedTime | None, now: datetime) -> tuple[SignatureVerdict, str, str]:
    name = key.rpartition("/")[0] or "NAME"
    if version.state is KeyState.PRE_ACTIVATION and (version.begins is None or version.begins > now):
        hint = f"pipeline-guard keys activate {name} lets it begin; until then its signatures count for nothing"
        return SignatureVerdict.NOT_YET_VALID, f"key {key} was never active", hint
    if time is not None and version.begins is not None and time.time < version.begins - LEEWAY:
        why = f"key {key} began on {_day(version.begins)}, and this existed on {_day(time.time)} already"
        return SignatureVerdict.NOT_YET_VALID, why, f"one of the two clocks was wrong, or somebody misused the key; {_RESIGN}"
    proof = f"{time.source} proves that it existed on {_day(time.time)}" if time is not None else ""
    if version.compromised is not None and not _before(time, version.compromised):
        why = f"key {key} is compromised since {_day(version.compromised)}"
        return SignatureVerdict.COMPROMISED, f"{why}, and {proof or 'nothing proves that this is older'}", _RESIGN
    if version.state is KeyState.COMPROMISED and version.compromised is None:  # Defensive: the date is always there
        return SignatureVerdict.COMPROMISED, f"key {key} is compromised", _RESIGN
    if version.state is KeyState.SUSPENDED and not _passed(version.ends, now):
        hint = f"wait for its owner's decision: pipeline-guard keys activate {name}, or keys revoke {name}"
        return SignatureVerdict.SUSPENDED, f"key {key} is suspended: nobody vouches for it at present", hint
    if version.revoked and version.compromised is None and not _before(time, version.ends):
        end = f"on {_day(version.ends)}" if version.ends else "once"
        why = f"key {key} was revoked {end} ({version.revoked})"
        return SignatureVerdict.REVOKED, f"{why}, and {proof or 'nothing proves that this was signed before'}", _STAMP
    ended = _passed(version.ends, now) or version.state in (KeyState.DEACTIVATED, KeyState.DESTROYED)
    if ended and time is None:
        end = f"on {_day(version.ends)}" if version.ends else "once"
        return SignatureVerdict.UNTIMESTAMPED, f"key {key} ended {end}, and nothing proves that this was signed before", _STAMP
    if ended and version.ends is not None and not _before(time, version.ends):
        return SignatureVerdict.EXPIRED, f"key {key} ended on {_day(version.ends)}, and {proof or 'this is younger'}", _RESIGN
    if version.revoked or version.compromised is not None:
        what = "compromised" if version.compromised is not None else "revoked"
        return SignatureVerdict.BEFORE_REVOCATION, f"key {key} is {what}, but {proof}, before that", ""
    if ended:
        return SignatureVerdict.BEFORE_EXPIRY, f"key {key} ended since, but {proof}, before that", ""
    return SignatureVerdict.VALID, f"made with key {key}" + (f"; {proof}" if proof else ""), ""


def _before(time: TrustedTime | None, end: datetime | None) -> bool:
    return time is not None and end is not None and time.latest <= end


def _passed(end: datetime | None, now: datetime) -> bool:
    return end is not None and end <= now


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z" if moment.utcoffset() == timedelta(0) else moment.isoformat(timespec="seconds")


def read_timeline(content: bytes, name: str) -> KeyTimeline:
    """Read what ``keys export-public --timeline`` wrote; ``name`` is for messages. Raises UsageError for anything irregular."""
    return from_document(parse_json(content, name, limit=MAX_TIMELINE), name)


def from_document(document: Any, name: str) -> KeyTimeline:
    """Read a timeline's document. Raises UsageError for anything irregular."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or document.keys() != {"schema", "name", "exported", "versions"}:
        raise UsageError(f"{name}: not a timeline of a key", _HINT)
    versions = document["versions"]
    if not isinstance(document["name"], str) or not document["name"].isprintable() or not isinstance(versions, list) or not versions:
        raise UsageError(f"{name}: the timeline names no key or no version", _HINT)
    read = tuple(_version(version, f"{name}: version {number}") for number, version in enumerate(versions, start=1))
    if len({each.version for each in read}) != len(read) or len({each.fingerprint for each in read}) != len(read):
        raise UsageError(f"{name}: a version is there twice", _HINT)
    exported = _date(document["exported"], f"{name}: exported")
    return KeyTimeline(document["name"], tuple(sorted(read, key=lambda each: each.version or 0)), exported)


def _version(value: Any, name: str) -> KeyVersion:
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise UsageError(f"{name} does not have the fields it should", _HINT)
    number = value["version"]
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise UsageError(f"{name} has no number", _HINT)
    dates = {field: _date(value[field], f"{name}: {field}") for field in _DATES}
    if not all(isinstance(value[field], str) for field in ("type", "state", "revocation", "public_key")):
        raise UsageError(f"{name} has a field that is not text", _HINT)
    try:
        state, kind, key = KeyState(value["state"]), KeyType(value["type"]), load(value["public_key"])
    except ValueError:
        raise UsageError(f"{name} has a state or type that is not known", _HINT) from None
    if key.type != kind.value:
        raise UsageError(f"{name} is a key of another type than it says", _HINT)
    ends = [each for each in (dates["stops"], dates["deactivated"]) if each is not None]
    return KeyVersion(
        fingerprint=key.fingerprint,
        type=kind.value,
        public_pem=value["public_key"],
        version=number,
        state=state,
        begins=dates["activates"] or (dates["created"] if state is not KeyState.PRE_ACTIVATION else None),
        ends=min(ends, default=None),
        revoked=value["revocation"],
        compromised=dates["compromised"],
    )


def _date(value: Any, name: str) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise UsageError(f"{name} is no date", _HINT) from None
    if found.tzinfo is None:
        raise UsageError(f"{name} has no time zone", _HINT)
    return found
