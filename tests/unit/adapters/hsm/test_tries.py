# SPDX-License-Identifier: Apache-2.0
"""Whether a PIN is sent, by what the token says of the tries that are left."""

from __future__ import annotations

import pytest

from pipeline_guard.adapters.hsm.tries import Tries, check_try, left_after, tries_of
from pipeline_guard.errors import Unavailable, UsageError

OTHERS = 0x0000_040D | 0x0070_0000  # initialised, and the security officer's own flags


@pytest.mark.parametrize(
    ("flags", "tries"),
    [
        (0, Tries.UNTOLD),
        (OTHERS, Tries.UNTOLD),
        (OTHERS | 0x10000, Tries.LOW),
        (0x20000, Tries.FINAL),
        (OTHERS | 0x30000, Tries.FINAL),
        (0x40000, Tries.LOCKED),
        (OTHERS | 0x70000, Tries.LOCKED),
    ],
)
def test_the_worst_flag_counts(flags: int, tries: Tries) -> None:
    assert tries_of(flags) is tries


@pytest.mark.parametrize("last_try", [False, True])
def test_a_pin_goes_to_a_token_with_tries_left(last_try: bool) -> None:
    check_try(Tries.UNTOLD, last_try=last_try)
    check_try(Tries.LOW, last_try=last_try)


def test_the_last_try_is_used_only_by_who_says_so() -> None:
    with pytest.raises(UsageError, match="was not sent") as refused:
        check_try(Tries.FINAL, last_try=False)
    assert "PIPELINE_GUARD_PIN_LAST_TRY=1" in refused.value.hint
    check_try(Tries.FINAL, last_try=True)


@pytest.mark.parametrize("last_try", [False, True])
def test_nothing_is_sent_to_a_locked_token(last_try: bool) -> None:
    with pytest.raises(Unavailable, match="locked"):
        check_try(Tries.LOCKED, last_try=last_try)


def test_a_refusal_says_what_is_left() -> None:
    assert [left_after(tries) for tries in (Tries.UNTOLD, Tries.LOW)] == ["", ""]
    assert "one more" in left_after(Tries.FINAL)
    assert "locked now" in left_after(Tries.LOCKED)
