# SPDX-License-Identifier: Apache-2.0
"""What job and broker say to each other, as JSON: the one place that knows the form of the messages, for both sides."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline_guard.errors import Unavailable, UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.lease import Binding, Delivery, Injected, Injection, Lease
from pipeline_guard.model.reference import Reference, is_reference
from pipeline_guard.model.secret import Secret

LIMIT = 256 * 1024  # bytes of a request
ANSWER = 16 * 1024 * 1024  # bytes of an answer: 64 secrets of 64 KiB, and room
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}(?:@[0-9]{1,9})?")
_LONGEST = 7 * 24 * 3600
_MOST = 64  # leases of one request


def read_object(content: bytes) -> dict[str, Any]:
    """Read a request's body; raise UsageError for what is no JSON object."""
    found = parse_json(content or b"{}", "the request", limit=LIMIT)
    if not isinstance(found, dict):
        raise UsageError("the request is no JSON object")
    return found


def known(found: Mapping[str, Any], *names: str) -> None:
    """Raise UsageError for a field that nobody reads."""
    for name in found:
        if name not in names:
            raise UsageError(f"unknown field: {name[:40]!r}", f"known: {', '.join(names)}")


def text(found: Mapping[str, Any], name: str, *, longest: int = 64 * 1024) -> str:
    """Return a text field, "" where it is missing; raise UsageError for anything else."""
    value = found.get(name, "")
    if not isinstance(value, str) or len(value) > longest or not _is_clean(value):
        raise UsageError(f"{name} is no usable text")
    return value


def texts(found: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return a mapping of texts; raise UsageError for anything else."""
    value = found.get(name, {})
    if not isinstance(value, dict) or len(value) > 64:
        raise UsageError(f"{name} is no mapping of texts")
    return {text({"key": key}, "key", longest=128): text(value, key) for key in value}


def read_bindings(found: Mapping[str, Any]) -> tuple[Binding, ...]:
    """Return what a request asks for; raise UsageError for anything irregular."""
    asked = found.get("secrets", [])
    if not isinstance(asked, list) or len(asked) > 64:
        raise UsageError("secrets is no list of at most 64")
    bindings = tuple(_binding(each) for each in asked)
    if len({each.variable for each in bindings}) != len(bindings):
        raise UsageError("two secrets for one variable")
    return bindings


def _binding(found: Any) -> Binding:
    if not isinstance(found, dict):
        raise UsageError("a secret that is asked for is no object")
    known(found, "variable", "name", "seconds", "as")
    name, seconds = text(found, "name"), found.get("seconds", 900)
    if is_reference(name):
        Reference.parse(name)
    elif not _NAME.fullmatch(name):
        raise UsageError("not a secret's name")
    if type(seconds) is not int or not 1 <= seconds <= _LONGEST:
        raise UsageError("seconds is no number of seconds")
    if found.get("as", "env") not in ("env", "file"):
        raise UsageError("as is neither env nor file")
    return Binding(text(found, "variable", longest=128), name, timedelta(seconds=seconds), Delivery(found.get("as", "env")))


def read_hidden(found: Mapping[str, Any]) -> Mapping[str, int]:
    """Return how often each lease's value was hidden, as a job tells; raise UsageError for anything irregular."""
    hidden = found.get("hidden", {})
    if not isinstance(hidden, dict) or len(hidden) > _MOST:
        raise UsageError(f"hidden is no object of at most {_MOST}")
    for lease, count in hidden.items():
        if not re.fullmatch(r"[0-9a-f]{1,64}", lease) or type(count) is not int or not 0 < count < 1 << 53:
            raise UsageError("hidden counts values by their lease")
    return hidden


def write_bindings(bindings: Sequence[Binding]) -> list[dict[str, object]]:
    """Return the form in which bindings are asked for."""
    return [
        {"variable": each.variable, "name": each.secret, "seconds": int(each.lifetime.total_seconds()), "as": each.delivery.value}
        for each in bindings
    ]


def write_granted(session: Secret | None, ends: datetime, grant: str, injection: Injection) -> bytes:
    """Return the answer that carries the values."""
    leases = [
        {
            "variable": item.variable,
            "value": base64.b64encode(item.value.reveal()).decode("ascii"),
            "as": item.delivery.value,
            "lease": lease.id,
            "secret": lease.secret,
            "version": lease.version,
            "expires": lease.expires.isoformat(),
        }
        for item, lease in zip(injection.values, injection.leases, strict=True)
    ]
    answer: dict[str, object] = {"schema": "pipeline-guard/leases/v1", "grant": grant, "ends": ends.isoformat(), "leases": leases}
    if session is not None:
        answer["session"] = session.reveal().decode("ascii")
    return json.dumps(answer).encode("utf-8")


def read_granted(content: bytes, holder: str, now: datetime) -> tuple[Secret | None, datetime, str, Injection]:
    """Read that answer; raise Unavailable for anything else."""
    try:
        found = parse_json(content, "the broker's answer", limit=ANSWER)
        values, leases, grant = [], [], str(found["grant"])
        held = f"{holder}#{grant}"  # what a command is given ends by itself, without what other steps have
        for each in found["leases"]:
            value = Secret(base64.b64decode(each["value"], validate=True))
            values.append(Injected(each["variable"], value, Delivery(each["as"])))
            leases.append(Lease(each["lease"], each["secret"], int(each["version"]), held, now, datetime.fromisoformat(each["expires"])))
        session = Secret(found["session"].encode("ascii")) if "session" in found else None
        return session, datetime.fromisoformat(found["ends"]), grant, Injection(tuple(leases), tuple(values))
    except (UsageError, KeyError, TypeError, ValueError, AttributeError, binascii.Error):
        raise Unavailable("the broker's answer cannot be read", "are both of the same version?") from None


def _is_clean(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" or character == "\0" for character in value)
