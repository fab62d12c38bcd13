# SPDX-License-Identifier: Apache-2.0
"""The little of DER (X.690) that time-stamp tokens need: read strictly and with limits, written canonically.

Certificates are cryptography's affair; nothing here knows what a value means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTF8_STRING = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C
GENERALIZED_TIME, SEQUENCE, SET = 0x18, 0x30, 0x31
_MAX_DEPTH = 16
_MAX_INTEGER = 64  # bytes; serial numbers have 20, nonces 8


class Malformed(ValueError):
    """Not DER, or not the value that was asked for; whoever reads turns it into the one class of refusal."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, the content, and all its bytes as they stood (signatures are over those)."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list[Value]:
        """Return the values of a constructed one."""
        if not self.tag & 0x20:
            raise Malformed("a primitive value has no parts")
        found, rest = [], self.content
        while rest:
            value, rest = _first(rest)
            found.append(value)
        return found


def read(content: bytes) -> Value:
    """Read exactly one value; its parts are checked down to a depth of 16. Raises Malformed."""
    value, rest = _first(content)
    if rest:
        raise Malformed("bytes after the value")
    _check(value, 0)
    return value


def _check(value: Value, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise Malformed("nested too deep")
    if value.tag & 0x20:
        for child in value.children():
            _check(child, depth + 1)


def _first(content: bytes) -> tuple[Value, bytes]:
    if len(content) < 2 or content[0] & 0x1F == 0x1F:
        raise Malformed("cut off, or a tag of several bytes")
    length, start = content[1], 2
    if length & 0x80:
        count = length & 0x7F
        start += count
        length = int.from_bytes(content[2:start])
        # X.690 section 10.1: definite, and in the fewest bytes
        if not 1 <= count <= 4 or len(content) < start or length < 0x80 or content[2] == 0:
            raise Malformed("a length that is not DER")
    if len(content) - start < length:
        raise Malformed("cut off")
    end = start + length
    return Value(content[0], content[start:end], content[:end]), content[end:]


def expect(value: Value, tag: int) -> Value:
    """Return ``value`` if it has the tag. Raises Malformed."""
    if value.tag != tag:
        raise Malformed(f"expected tag {tag:#x}, found {value.tag:#x}")
    return value


def integer(value: Value) -> int:
    """Return an INTEGER's number. Raises Malformed for one longer than 64 bytes or not in its shortest form."""
    content = expect(value, INTEGER).content
    if not 1 <= len(content) <= _MAX_INTEGER or (len(content) > 1 and content[0] in (0, 0xFF) and content[0] >> 7 == content[1] >> 7):
        raise Malformed("not an integer of reasonable size in its shortest form")
    return int.from_bytes(content, signed=True)


def dotted(value: Value) -> str:
    """Return an OBJECT IDENTIFIER as text. Raises Malformed."""
    content = expect(value, OID).content
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise Malformed("not an object identifier")
    arcs, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(number)
            number = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def moment(value: Value) -> datetime:
    """Return a GeneralizedTime in UTC (RFC 3161 section 2.4.2: seconds, then perhaps a fraction without trailing zeros)."""
    text = expect(value, GENERALIZED_TIME).content.decode("ascii", "replace")
    whole, _, fraction = text.removesuffix("Z").partition(".")
    digits = whole + fraction
    if not text.endswith("Z") or len(whole) != 14 or len(fraction) > 9 or not (digits.isascii() and digits.isdigit()):
        raise Malformed("not a time in UTC")
    if "." in text and (not fraction or fraction.endswith("0")):
        raise Malformed("not a time in its canonical form")
    try:
        found = datetime.strptime(whole + "+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        raise Malformed("not a time") from None
    return found.astimezone(UTC).replace(microsecond=int(fraction.ljust(6, "0")[:6]))


def write(tag: int, content: bytes) -> bytes:
    """Return one value."""
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag]) + length + content


def sequence(*values: bytes) -> bytes:
    """Return a SEQUENCE."""
    return write(SEQUENCE, b"".join(values))


def set_of(values: Iterable[bytes], tag: int = SET) -> bytes:
    """Return a SET OF, its values sorted by their bytes as DER demands (X.690 section 11.6)."""
    return write(tag, b"".join(sorted(values)))


def number(value: int) -> bytes:
    """Return an INTEGER."""
    return write(INTEGER, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, signed=True))


def oid(text: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *others = (int(arc) for arc in text.split("."))
    content = b""
    for arc in (40 * first + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return write(OID, content)
