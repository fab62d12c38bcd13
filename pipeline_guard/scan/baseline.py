# SPDX-License-Identifier: Apache-2.0
"""Known findings that do not count: pairs of rule and keyed fingerprint, never a value and never a place."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.finding import Confidence, Finding

SCHEMA = "pipeline-guard/baseline/v1"
LIMIT = 64 * 1024 * 1024


def parse(content: bytes, name: str, key_id: str) -> frozenset[tuple[str, str]]:
    """Read a baseline; raise UsageError where it is malformed or was made with another fingerprint key."""
    found = parse_json(content, name, limit=LIMIT)
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise UsageError(f"{name}: not a baseline", f"write one with scan --write-baseline; its schema is {SCHEMA}")
    entries = found.get("findings")
    if not isinstance(entries, list):
        raise UsageError(f"{name}: findings must be a list")
    if entries and found.get("key_id") != key_id:
        raise UsageError(
            f"{name}: made with another fingerprint key",
            "set PIPELINE_GUARD_FINGERPRINT_KEY to the key it was made with, or write it again with --write-baseline",
        )
    pairs = set()
    for number, entry in enumerate(entries):
        rule, fingerprint = (entry.get("rule"), entry.get("fingerprint")) if isinstance(entry, dict) else (None, None)
        if not isinstance(rule, str) or not isinstance(fingerprint, str):
            raise UsageError(f"{name}: findings[{number}] needs a rule and a fingerprint")
        pairs.add((rule, fingerprint))
    return frozenset(pairs)


def write(findings: Iterable[Finding], key_id: str) -> bytes:
    """Return a baseline of these findings, sorted so that it changes little between runs."""
    pairs = sorted({(finding.rule, finding.fingerprint) for finding in findings if finding.confidence is not Confidence.CONTRADICTED})
    entries = [{"rule": rule, "fingerprint": fingerprint} for rule, fingerprint in pairs]
    return (json.dumps({"schema": SCHEMA, "key_id": key_id, "findings": entries}, indent=1) + "\n").encode()
