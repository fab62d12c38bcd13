# SPDX-License-Identifier: Apache-2.0
"""Proofs of private keys in PEM, however source code and configuration have dressed them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proofs.encoding import base64_bytes, der_length, strings
from pipeline_guard.scan.proofs.outcome import CONTRADICTED, ENCRYPTED, NO_SECRET, NO_TEST, VERIFIED, Kind, Proof, State, holds
from pipeline_guard.scan.proofs.published import PUBLIC_KEYS, fingerprint


def private_key(value: bytes, _now: datetime) -> Proof:
    """Check a PEM block that parses as a private key; an encrypted one is of lesser severity."""
    verdicts = [_private_key(block) for block in _unfolded(value)]
    telling = [one for one in verdicts if one.state is State.VERIFIED or one.severity]
    open_ones = [one for one in verdicts if one.state is not State.CONTRADICTED]
    return (telling or open_ones or verdicts)[0]


def _private_key(block: bytes) -> Proof:
    label = re.match(rb"-----BEGIN ([A-Z0-9 ]+)-----", block)
    if label is None:
        return NO_TEST
    if label[1] == b"OPENSSH PRIVATE KEY":
        return _openssh(block)
    if b"ENCRYPTED" in block[:200]:
        return ENCRYPTED if len(block) > 120 else CONTRADICTED
    if label[1] not in (b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"PRIVATE KEY", b"DSA PRIVATE KEY"):
        return NO_TEST
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return _sound(load_pem_private_key(block, password=None, unsafe_skip_rsa_key_validation=True))
    except UnsupportedAlgorithm:
        return NO_TEST
    except (ValueError, TypeError):
        return CONTRADICTED if _is_broken(block) else NO_TEST


def bare_key(value: bytes, _now: datetime) -> Proof:
    """Check a key in DER, or in base64 of DER, without any armour; the loader sees that private and public match."""
    raw = value if value[:1] == b"\x30" and (len(value) < 4 or not value[:4].isalnum()) else base64_bytes(value.translate(None, b"\r\n \t"))
    if raw is None:
        return NO_SECRET
    size = der_length(raw)
    if size is None or size > len(raw):
        return NO_SECRET
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        return _sound(load_der_private_key(raw[:size], password=None, unsafe_skip_rsa_key_validation=True))
    except UnsupportedAlgorithm:
        return NO_TEST
    except TypeError:
        return ENCRYPTED
    except ValueError:
        return NO_SECRET


def _sound(key: Any) -> Proof:
    """Check that the numbers of an RSA key belong together, then whether it is known; raise ValueError where they do not.

    Whether its factors are prime, which the loader would find out, takes ten thousand times as long and tells no more: a
    letter changed by mistake or for show leaves no such numbers.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(key, RSAPrivateKey):
        numbers = key.private_numbers()
        p, q, d = numbers.p, numbers.q, numbers.d
        public = numbers.public_numbers
        if min(p, q) < 3 or p * q != public.n or (public.e * d - 1) % (p - 1) or (public.e * d - 1) % (q - 1):
            raise ValueError
        if numbers.dmp1 != d % (p - 1) or numbers.dmq1 != d % (q - 1) or numbers.iqmp * q % p != 1:
            raise ValueError
    return _known(key)


def _known(key: Any) -> Proof:
    """Verify a key that was loaded; the ones that standards print are documentation."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (UnsupportedAlgorithm, ValueError, AttributeError):
        return VERIFIED
    named = PUBLIC_KEYS.get(fingerprint(public))
    return Proof(State.CONTRADICTED, Severity.INFO, f"published on purpose: {named}", Kind.DOCUMENTATION) if named else VERIFIED


def _unfolded(value: bytes) -> Iterator[bytes]:
    """Undo what source code and JSON do to a PEM block: escaped newlines and indentation; then quotes and marks too.

    A plus sign may belong to the base64 or to a concatenation, so all readings are given.
    """
    text = re.sub(rb"(?:\\{1,4}r)?\\{1,4}n|\\\n|&#10;|%0[aA]|<br ?/?>", b"\n", value).replace(b"\\/", b"/").replace(b"\\", b"")
    parts = re.sub(rb"[\"'`]\s*[+.,&]?\s*\n\s*[+.&]?\s*[\"'`]", b"\n", text)
    for source, edge in ((text, rb"\s"), (parts, rb"\s\"',;"), (text, rb"\s\"'+>#*|,;")):
        lines = [re.sub(rb"^[" + edge + rb"]+|[" + edge + rb"]+$", b"", line) for line in source.splitlines()]
        joined = b"\n".join(line for line in lines if line)
        found = re.match(rb"(-----BEGIN [A-Z0-9 ]+-----)\s*(.*?)\s*(-----END [A-Z0-9 ]+-----)", joined, re.S)
        yield b"\n".join(part for part in found.groups() if part) + b"\n" if found else joined
    found = re.match(rb"(-----BEGIN [A-Z0-9 ]+-----)(.*?)(-----END [A-Z0-9 ]+-----)", text, re.S)
    if found and b"Proc-Type" not in found[2]:  # a log with words before each line; one long line
        last = [line.split()[-1] for line in found[2].splitlines()[:-1] if line.strip()]
        yield b"\n".join((found[1], *last, found[3])) + b"\n"
        body = re.sub(rb"[^A-Za-z0-9+/=]", b"", found[2])
        yield b"\n".join((found[1], *(body[place : place + 64] for place in range(0, len(body), 64)), found[3])) + b"\n"


def _is_broken(block: bytes) -> bool:
    """Tell whether the body is no complete DER sequence: cut, elided or invented. Foreign letters in a long one may be an unknown dress."""
    body = b"".join(line for line in block.splitlines() if not line.startswith(b"-----") and b":" not in line)
    raw = base64_bytes(body)
    if raw is None:
        return b".." in body or b"xxx" in body.lower() or len(body) < 120 or not re.search(rb"[A-Za-z0-9+/]{60}", body)
    return len(raw) < 32 or raw[0] != 0x30 or der_length(raw) != len(raw)


def _openssh(block: bytes) -> Proof:
    """Check the openssh-key-v1 container: cipher none and two equal check integers mean a bare, whole key."""
    raw = base64_bytes(b"".join(line for line in block.splitlines() if not line.startswith(b"-----")))
    if raw is None or not raw.startswith(b"openssh-key-v1\0"):
        return CONTRADICTED if raw is None or len(raw) < 100 else NO_TEST
    head = list(strings(raw, 15, 3))  # cipher, key derivation, its options; then the number of keys
    if head[0][0] != b"none":
        return ENCRYPTED if head[0][0] else CONTRADICTED
    (_public, _), (private, end) = strings(raw, head[-1][1] + 4, 2)
    return holds(len(private) > 16 and private[:4] == private[4:8] and end == len(raw), NO_TEST)
