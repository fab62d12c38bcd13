# SPDX-License-Identifier: Apache-2.0
"""OpenPGP secret keys: bare, sealed, stubs, cut."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan.proof import PROOFS, Kind, State
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_bare_key_is_verified_and_a_sealed_one_is_lesser() -> None:
    for dress in (bytes, lambda block: block.replace(b"\n", b"\\n"), lambda block: block.replace(b"\n", b"\r\n")):
        assert PROOFS["pgp-armour"](dress(expand_bytes("{make:pgp-key}")), NOW).state is State.VERIFIED
        sealed = PROOFS["pgp-armour"](dress(expand_bytes("{make:pgp-key-sealed}")), NOW)
        assert (sealed.kind, sealed.severity) == (Kind.ENCRYPTED, Severity.MEDIUM)


def test_headers_and_the_armour_checksum_do_not_disturb() -> None:
    block = expand_bytes("{make:pgp-key}")
    dressed = block.replace(b"BLOCK-----\n\n", b"BLOCK-----\nVersion: GnuPG v2\nComment: ci\n\n").replace(
        b"\n-----END", b"\n=abcd\n-----END"
    )
    assert PROOFS["pgp-armour"](dressed, NOW).state is State.VERIFIED


def test_change_of_any_secret_byte_is_seen() -> None:
    value = expand_bytes("{make:pgp-keyring}")
    start = value.index(b"\x07\x40") + 2 + 32 + 1
    for place in range(start, start + 36):
        changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        assert PROOFS["pgp-keyring"](changed, NOW).state is not State.VERIFIED, place


def test_stub_of_a_card_is_no_secret() -> None:
    value = bytearray(expand_bytes("{make:pgp-keyring}"))
    place = value.index(b"\x07\x40") + 2 + 32
    stub = bytes(value[:place]) + b"\xff\x65\x00GNU\x02\x10" + bytes(value[place + 8 :])
    assert PROOFS["pgp-keyring"](stub, NOW).state is State.NO_SECRET


def test_public_keys_and_prose_are_no_secret() -> None:
    public = expand_bytes("{make:pgp-keyring}").replace(b"\x94", b"\x98", 1)
    assert PROOFS["pgp-keyring"](public, NOW).state is State.NO_SECRET
    block = b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n...\n-----END PGP PRIVATE KEY BLOCK-----"
    assert PROOFS["pgp-armour"](block, NOW).state is State.CONTRADICTED
