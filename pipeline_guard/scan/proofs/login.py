# SPDX-License-Identifier: Apache-2.0
"""Judgements of user names and passwords in URLs and headers: which are no secret by their own words."""

from __future__ import annotations

import re
from datetime import datetime

from pipeline_guard.scan import dummy, filters
from pipeline_guard.scan.letters import familiarity, wordiness
from pipeline_guard.scan.proofs.encoding import base64_bytes
from pipeline_guard.scan.proofs.outcome import NO_SECRET, NO_TEST, VERIFIED, Proof

_FAMILIAR = 0.5  # share of common triples from which four words are likelier
_WORDY = 0.5  # share of a value that stands in words
_STOP_PASSWORDS = {
    b"password", b"passwd", b"pass", b"pwd", b"secret", b"token", b"user", b"username", b"root", b"admin", b"test", b"guest", b"postgres",
    b"mysql", b"mypassword", b"mysecret", b"key", b"none", b"null", b"string", b"pw", b"xxx", b"abc", b"foo", b"bar", b"dbpassword",
    b"db_password", b"xyzzy",
    b"redis", b"mongodb", b"mongo", b"rabbitmq", b"rabbit", b"letmein", b"mariadb", b"elastic", b"minio", b"tiger", b"hunter2", b"example",
    b"sample", b"proxypass", b"repopwd", b"userpass",
}  # fmt: skip


def is_stop_password(value: bytes) -> bool:
    """Tell whether a password is the word that stands for one."""
    return value.lower() in _STOP_PASSWORDS or filters.is_placeholder(value)


def url_password(value: bytes, _now: datetime) -> Proof:
    """Check the password of a URL: the words and variables that stand for one are no secret."""
    if is_stop_password(value) or len(value) < 3 or re.fullmatch(rb"[.$%{}<>*\[\]()\\]+.*|[A-Z]+(?:_[A-Z]+)+|.*[{}()<>|\\\[\]].*", value):
        return NO_SECRET
    return NO_TEST


def basic_auth(value: bytes, _now: datetime) -> Proof:
    """Check Base64 of ``user:password``; anything else is no secret."""
    raw = base64_bytes(value)
    if raw is None or raw.count(b":") < 1 or not all(32 <= byte < 127 for byte in raw):
        return NO_SECRET
    user, _, password = raw.partition(b":")
    return NO_SECRET if len(password) < 3 or is_stop_password(password) or (user == password and len(user) < 8) else VERIFIED


def app_password(value: bytes, _now: datetime) -> Proof:
    """Check four times four letters: drawn ones make no words."""
    letters = value.replace(b" ", b"")
    if not re.fullmatch(rb"[a-z]{16}", letters):
        return NO_SECRET
    return NO_SECRET if dummy.is_made_up(letters) or familiarity(letters) >= _FAMILIAR or len(set(letters)) < 7 else NO_TEST


def unworded(value: bytes, _now: datetime) -> Proof:
    """Check that a value of no documented form is no name, path, number, version or text: words speak against a secret."""
    if dummy.is_made_up(value):
        return NO_TEST
    if filters.is_name(value) or filters.is_other(value) or filters.is_dotted(value) or wordiness(value) >= _WORDY:
        return NO_SECRET
    return NO_TEST if filters.classes(value) > 1 else NO_SECRET


def password_hash(value: bytes, around: bytes, _now: datetime) -> Proof:
    """Check where a hash stands: what a test of a function expects from it is nobody's."""
    place = around.find(value)
    line = around[around.rfind(b"\n", 0, place) + 1 : max(around.find(b"\n", place), place)]
    return NO_SECRET if re.search(rb"(?i)\bassert|\bexpect\w{0,12}\(", line) else NO_TEST
