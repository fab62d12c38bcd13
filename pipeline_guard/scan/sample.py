# SPDX-License-Identifier: Apache-2.0
"""Examples are templates: ``ghp_{crc62:30}`` becomes a token when a rule is proved, so none lies in a file.

``{alphabet:count}`` gives that many characters, ``{crc62:30}`` a body with its checksum, ``{make:name}`` a whole
value of a format with structure. The same template gives the same text every time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline_guard.errors import UsageError
from pipeline_guard.scan import checksum
from pipeline_guard.scan.makers.azure import AZURE
from pipeline_guard.scan.makers.key import KEYS
from pipeline_guard.scan.makers.stream import ALPHABETS, Maker, Stream
from pipeline_guard.scan.makers.token import TOKENS
from pipeline_guard.scan.makers.wallet import WALLETS

__all__ = ["ALPHABETS", "MAKERS", "expand", "expand_bytes"]

_HOLE = re.compile(r"\{([a-z0-9]+):([a-z0-9-]+)\}")
_BINARY = re.compile("[\udc80-\udcff]")
MAKERS: Mapping[str, Maker] = {**AZURE, **KEYS, **TOKENS, **WALLETS}


def expand(template: str, seed: str = "") -> str:
    """Fill every hole of a template; raise UsageError for one that names nothing known. Binary bytes become letters of Latin-1."""
    return _BINARY.sub(lambda byte: chr(ord(byte[0]) - 0xDC00), _filled(template, seed))


def expand_bytes(template: str, seed: str = "") -> bytes:
    """Fill a template whose values may be binary, such as key stores."""
    return _filled(template, seed).encode("utf-8", "surrogateescape")


def _filled(template: str, seed: str) -> str:
    stream = Stream(seed + template)

    def fill(hole: re.Match[str]) -> str:
        kind, argument = hole.groups()
        if kind == "make" and argument in MAKERS:
            return MAKERS[argument](stream)
        if kind == "uuid":
            raw = stream.raw(16).hex()
            return "-".join((raw[:8], raw[8:12], "4" + raw[13:16], "a" + raw[17:20], raw[20:]))
        if argument.isdigit() and 0 < int(argument) <= 4096:
            if kind == "crc62":
                body = stream.text(ALPHABETS["alnum"], int(argument))
                return body + checksum.crc62(body.encode()).decode()
            if kind in ALPHABETS:
                return stream.text(ALPHABETS[kind], int(argument))
        raise UsageError(
            f"an example holds {hole[0]}, which names nothing", f"use one of {', '.join(ALPHABETS)} with a count, or make:NAME"
        )

    return _HOLE.sub(fill, template)
