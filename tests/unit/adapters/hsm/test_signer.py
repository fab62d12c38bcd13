# SPDX-License-Identifier: Apache-2.0
"""Signatures of every length that a token makes: a small C_Sign that keeps to the standard, asked through the function list."""

from __future__ import annotations

import ctypes

import pytest

from pipeline_guard.adapters.hsm.library import Module

_BUFFER_TOO_SMALL, _OPERATION_ACTIVE = 0x150, 0x90
_NUMBER, _PLACE = ctypes.c_ulong, ctypes.c_void_p


class SmallToken:
    """C_SignInit and C_Sign; as in PKCS#11 3.1, section 5.13, a buffer that is too small leaves the operation open."""

    def __init__(self, size: int) -> None:
        self.size, self.active = size, False
        self.begin = ctypes.CFUNCTYPE(_NUMBER, _NUMBER, _PLACE, _NUMBER)(self._begin)
        self.finish = ctypes.CFUNCTYPE(_NUMBER, _NUMBER, ctypes.c_char_p, _NUMBER, _PLACE, _PLACE)(self._finish)

    def _begin(self, _session: int, _mechanism: int, _key: int) -> int:
        if self.active:
            return _OPERATION_ACTIVE
        self.active = True
        return 0

    def _finish(self, _session: int, _content: bytes, _length: int, output: int, room: int) -> int:
        given = _NUMBER.from_address(room)
        if given.value < self.size:
            given.value = self.size
            return _BUFFER_TOO_SMALL
        ctypes.memmove(output, bytes(number % 251 for number in range(self.size)), self.size)
        given.value, self.active = self.size, False
        return 0


@pytest.mark.parametrize("size", [64, 512, 3309, 4627])
def test_a_signature_as_long_as_mldsa_makes_them_is_taken_whole(size: int) -> None:
    token, module = SmallToken(size), object.__new__(Module)
    module._sign_init, module._sign = token.begin, token.finish
    sign = module.signer(1)
    expected = bytes(number % 251 for number in range(size))
    assert sign(0x1D, 2, b"message") == expected
    assert sign(0x1D, 2, b"message") == expected
    assert not token.active
