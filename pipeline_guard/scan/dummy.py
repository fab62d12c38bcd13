# SPDX-License-Identifier: Apache-2.0
"""Values that people make up at the keyboard: alphabets, countings, blocks over and over, the UUID of every manual."""

from __future__ import annotations

import re

_LEAST = 12  # letters and digits, below which chance looks like a sequence
_SHARE = 0.8  # of the letters and digits that lie in runs
_KEYS = (b"qwertyuiop", b"asdfghjkl", b"zxcvbnm", b"f0", b"90", b"z0", b"9a", b"0a", b"za")
_NEXT = frozenset(row[at : at + 2] for row in _KEYS for at in range(len(row) - 1))
_MANUAL = b"123e4567-e89b-12d3-a456-"  # RFC 4122 readers know this one
_SEGMENT = re.compile(rb"[A-Za-z0-9]+")


def is_made_up(value: bytes) -> bool:
    """Tell whether a value, or the long last part of it, is nothing but sequences and repetitions of two letters and more."""
    if _MANUAL in value.lower():
        return True
    parts: list[bytes] = _SEGMENT.findall(value)
    if not parts:
        return False
    last = parts[-1]
    bodies = [b"".join(parts)] + ([last] if 2 * len(last) > len(value) else [])
    return any(len(body) >= _LEAST and (_runs(body.lower()) >= _SHARE * len(body) or _is_periodic(body)) for body in bodies)


def is_one_letter(value: bytes) -> bool:
    """Tell whether the longest part of a value is mostly one letter or digit, as in sk_0000000000."""
    body: bytes = max(_SEGMENT.findall(value) or [value], key=len)
    return max(body.count(byte) for byte in set(body)) > 0.7 * len(body)


def _runs(body: bytes) -> int:
    """Count the bytes that lie in runs of three and more, of which each follows the one before in some order."""
    total = at = 0
    while at < len(body):
        end = at + 1
        step: int | None = None
        while end < len(body):
            pair = body[end - 1 : end + 1]
            here = pair[1] - pair[0]
            if here in (-1, 0, 1) and (step is None or here == step):
                step = here
            elif pair not in _NEXT:
                break
            end += 1
        total += end - at if end - at >= 3 else 0
        at = end
    return total


def _is_periodic(body: bytes) -> bool:
    """Tell whether a body is a block of up to a third of its length over and over, but for what follows the last one."""
    for period in range(1, min(len(body) // 3, 24) + 1):
        same = sum(body[at] == body[at - period] for at in range(period, len(body)))
        if same >= 0.9 * (len(body) - period):
            return True
    return False
