# SPDX-License-Identifier: Apache-2.0
"""Proofs of tokens that forges issue: GitHub, GitLab, Atlassian."""

from __future__ import annotations

import re
from datetime import datetime

from pipeline_guard.scan import checksum
from pipeline_guard.scan.proofs import jwt
from pipeline_guard.scan.proofs.encoding import base64_bytes
from pipeline_guard.scan.proofs.outcome import NO_SECRET, NO_TEST, Proof, holds


def github_classic(value: bytes, _now: datetime) -> Proof:
    """Check ``ghp_`` and its kin, and ``npm_``: CRC-32 of the 30-character body in base 62. Other lengths are unknown."""
    body = value[4:]
    return holds(checksum.crc62(body[:30]) == body[30:]) if len(body) == 36 else NO_TEST


def github_fine_grained(value: bytes, _now: datetime) -> Proof:
    """Check ``github_pat_``: eight base-32 digits of SHA-256; reported differently by others, so it only raises."""
    tail = value[34:]
    return holds(len(value) == 93 and checksum.sha_base32(value[:77]) == tail[43:51], NO_TEST)


def github_app(value: bytes, now: datetime) -> Proof:
    """Check ``ghs_<id>_<JWT>``: the JWT parses and tells its age; the content is no contract."""
    return jwt.judge(value.split(b"_", 2)[-1], now, otherwise=NO_TEST)


_ROUTES = re.compile(rb"(?:[ougpct]:[0-9a-z]{1,13}\n?){1,6}")


def gitlab_routable(value: bytes, _now: datetime) -> Proof:
    """Check ``glpat-<payload>.01.<length><crc>``, and that the payload holds ids; older forms only raise."""
    body, tail = value[:-7], value[-7:]
    good = checksum.crc36(body) == tail
    if b".01." not in value or not value.startswith(b"glpat-"):
        return holds(good, NO_TEST)
    payload = value.partition(b"-")[2].partition(b".01.")[0]
    if not good or checksum.write(len(payload), checksum.BASE36, 2) != value[-9:-7]:
        return holds(False)
    raw = base64_bytes(payload, url=True)
    routed = raw is not None and len(raw) > 17 and raw[-1] == len(raw) - 17 and _ROUTES.fullmatch(raw[16:-1]) is not None
    return Proof(holds(True).state, note="" if routed else "its routing part is of a newer form")


def gitlab_job(value: bytes, now: datetime) -> Proof:
    """Check a job token: a JWT tells its age; the older ``glcbt-<partition>_`` has no check."""
    body = value.partition(b"-")[2]
    return jwt.judge(body, now, otherwise=NO_TEST) if body.startswith(b"eyJ") else NO_TEST


def atlassian(value: bytes, _now: datetime) -> Proof:
    """Check ``ATATT``, ``ATCTT``, ``ATBB``: CRC-32 of all before, in upper-case hexadecimal."""
    plain = re.sub(rb"%3[Dd]|\\=|\\u003[Dd]", b"=", value)
    return holds(checksum.crc_hex(plain[:-8]).upper() == plain[-8:])


def numbered_base64(value: bytes, _now: datetime) -> Proof:
    """Check Jira, Confluence and Bitbucket server tokens: base64 of ``number:bytes``; other shapes mean nothing."""
    if value.startswith(b"BBDC-"):
        raw = base64_bytes(value[5:])
        return holds(raw is not None and re.match(rb"[1-9]\d{3,14}:", raw) is not None, NO_TEST)
    raw = base64_bytes(value)
    return holds(raw is not None and re.match(rb"[1-9]\d{3,14}:", raw) is not None and len(raw) > 24, NO_SECRET)
