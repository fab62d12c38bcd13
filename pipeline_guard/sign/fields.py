# SPDX-License-Identifier: Apache-2.0
"""Fields of untrusted JSON, taken out strictly; every refusal is one class and names the document."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_guard.errors import GuardError, IntegrityError

_MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Fields:
    """Reads the fields of one document and refuses in its name; ``error`` is UsageError for what the user vouches for."""

    name: str
    hint: str
    error: type[GuardError] = IntegrityError

    def refuse(self, what: str, hint: str = "") -> GuardError:
        """Return the refusal, to be raised."""
        return self.error(f"{self.name}: {what}", hint or self.hint)

    def mapping(self, value: Any, what: str, required: str = "", optional: str | None = None) -> Mapping[str, Any]:
        """Return an object that has all ``required`` fields and, unless ``optional`` is None, no others than those."""
        if not isinstance(value, dict):
            raise self.refuse(f"{what} is not a JSON object")
        for field in required.split():
            if value.get(field) is None:
                raise self.refuse(f"{what} has no {field}")
        if optional is not None and value.keys() - set(required.split()) - set(optional.split()):
            raise self.refuse(f"{what} has fields that no version of the format knows")
        return value

    def part(self, value: Any, what: str, optional: str) -> Mapping[str, Any]:
        """Return an object that may be left out; null and absence are the empty one, as protobuf writes it."""
        return {} if value is None else self.mapping(value, what, "", optional)

    def elements(self, value: Any, what: str, limit: int) -> list[Any]:
        """Return a list of at most ``limit`` elements; null and absence are the empty one, as protobuf writes it."""
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > limit:
            raise self.refuse(f"{what} is not a list of at most {limit}")
        return value

    def text(self, value: Any, what: str) -> str:
        """Return a text that can be encoded."""
        # isascii first: a payload has millions of characters, all of them ASCII
        if not isinstance(value, str) or not (value.isascii() or all(not "\ud800" <= character <= "\udfff" for character in value)):
            raise self.refuse(f"{what} is not text")
        return value

    def base64(self, value: Any, what: str) -> bytes:
        """Return what one base64 text stands for; a second spelling of the same bytes is refused."""
        text = self.text(value, what)
        try:
            decoded = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):  # ValueError: not ASCII
            raise self.refuse(f"{what} is not base64") from None
        if not decoded or base64.b64encode(decoded).decode() != text:
            raise self.refuse(f"{what} is not base64 as written by an encoder")
        return decoded

    def number(self, value: Any, what: str) -> int:
        """Return a whole number from 0, which protobuf writes as text and some tools as a number; absence is 0."""
        if value is None:
            return 0
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_NUMBER:
            raise self.refuse(f"{what} is not a whole number")
        return value
