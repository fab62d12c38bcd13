# SPDX-License-Identifier: Apache-2.0
"""How many PINs a token may be sent, as far as it says so: flags of CK_TOKEN_INFO (PKCS#11 3.1, section 3.2).

SoftHSM 2.6 counts no tries, and tpm2-pkcs11 1.9 locks without a word before; then all that protects the PIN is that we never repeat
a refused one.
"""

from __future__ import annotations

from enum import Enum

from pipeline_guard.errors import Unavailable, UsageError

_COUNT_LOW, _FINAL_TRY, _LOCKED = 0x10000, 0x20000, 0x40000
LAST_TRY = "PIPELINE_GUARD_PIN_LAST_TRY"  # the variable by which somebody says that the last try may be used


class Tries(Enum):
    """What a token says of the tries that are left."""

    UNTOLD = "no wrong PIN since the last login, or the token does not tell"
    LOW = "a wrong PIN was sent since the last login"
    FINAL = "one more wrong PIN locks the token"
    LOCKED = "the PIN is locked"


def tries_of(flags: int) -> Tries:
    """Read the flags of a token; the worst of them counts."""
    if flags & _LOCKED:
        return Tries.LOCKED
    if flags & _FINAL_TRY:
        return Tries.FINAL
    return Tries.LOW if flags & _COUNT_LOW else Tries.UNTOLD


def check_try(tries: Tries, *, last_try: bool) -> None:
    """Raise where no PIN must be sent: Unavailable to a locked token, UsageError at the last try unless somebody wants it."""
    if tries is Tries.LOCKED:
        raise Unavailable("the token's PIN is locked after too many wrong ones", "its security officer has to unlock it")
    if tries is Tries.FINAL and not last_try:
        raise UsageError(
            "the token has one try left before it locks, so its PIN was not sent",
            f"check token.pin; once you are sure: {LAST_TRY}=1",
        )


def left_after(tries: Tries) -> str:
    """Return what to add to the hint after a refused PIN; "" where the token says nothing that helps."""
    return {Tries.FINAL: "; one more wrong PIN locks it", Tries.LOCKED: "; it is locked now"}.get(tries, "")
