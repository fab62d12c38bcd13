# SPDX-License-Identifier: Apache-2.0
"""A file that holds nothing but a value, which its name calls a secret: config/master.key, .vault_pass, api_token.txt."""

from __future__ import annotations

import re

from pipeline_guard.scan.fragment import Piece, Span

_NAME = re.compile(
    r"(?i)(?:^|.*/)(\.?(?:master|[\w.\-]{0,40}?(?:passw(?:or)?d|passwd|passphrase|(?<![a-z])pass|secret|token|api[_\-]?key|access[_\-]?key|secret[_\-]key|"
    r"encryption[_\-]?key|erlang\.cookie))(?:\.key)?)(?:\.(?:txt|secret|dat|env|conf|prod|production|staging|local))?$"
)
_VALUE = re.compile(rb"\s{0,20}([^\s:]{8,512})\s{0,20}")
_LONGEST = 600  # bytes of such a file


def lone_value(path: str, data: bytes) -> Piece | None:
    """Return ``name=value`` where a file's name calls the only word in it a secret; None for any other file."""
    if len(data) > _LONGEST:
        return None
    name, value = _NAME.match(path), _VALUE.fullmatch(data)
    if name is None or value is None:
        return None
    word = re.sub(r"\W+", "_", name[1].strip(".")).replace("cookie", "token")
    if word == "master":
        return None
    head = word.encode("utf-8", "replace") + b"="
    start, end = value.span(1)

    def stored(begin: int, finish: int) -> Span | None:
        return (start + max(begin - len(head), 0), start + finish - len(head)) if finish > len(head) else None

    return Piece(head + data[start:end] + b"\n", stored)
