# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline_guard.errors import IntegrityError
from pipeline_guard.model.secret import Secret
from pipeline_guard.seal.envelope import associated_data, close, disclose

KEY = Secret(bytes(range(32)))
NONCE = bytes(12)
PLACE = associated_data("db", 1, "secret")


def test_what_was_closed_opens_again_and_is_plain_aes_gcm() -> None:
    sealed = close(KEY, Secret(b"value"), NONCE, PLACE)
    assert disclose(KEY, sealed, PLACE) == Secret(b"value")
    assert AESGCM(bytes(range(32))).decrypt(sealed[:12], sealed[12:], PLACE) == b"value"


def test_every_changed_or_missing_byte_is_found() -> None:
    sealed = close(KEY, Secret(b"value"), NONCE, PLACE)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(IntegrityError):
            disclose(KEY, bytes(changed), PLACE)
        with pytest.raises(IntegrityError):
            disclose(KEY, sealed[:place], PLACE)


@pytest.mark.parametrize("place", [("db", 2, "secret"), ("dc", 1, "secret"), ("db", 1, "data-key")])
def test_row_moved_to_another_place_does_not_open(place: tuple[str, int, str]) -> None:
    with pytest.raises(IntegrityError):
        disclose(KEY, close(KEY, Secret(b"value"), NONCE, PLACE), associated_data(*place))


def test_places_cannot_be_confused_by_their_text() -> None:
    assert associated_data('a","version":1', 1, "secret") != associated_data("a", 1, "secret")
