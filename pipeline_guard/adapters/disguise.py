# SPDX-License-Identifier: Apache-2.0
"""The forms a secret value takes in output: what encoders, shells and log formatters make of it, and of its parts.

The runner's own list: actions/runner, ValueEncoders. Base64 and base32 are given by their stable core, which is the same whatever
stands before and behind the value in the encoded text, and by its two ends with the sign that each shares with a neighbour. White
space, quotes, backslashes and NULs need no forms: the filter looks past them.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator
from html import escape
from urllib.parse import quote, quote_plus, unquote_to_bytes, urlsplit

SHORTEST = 8  # bytes of a value that is looked for in every form
SHORTEST_MIXED = 5  # bytes of one that no ordinary text has: letters of both cases, digits, signs
_SHORTEST_PART = 6  # bytes of what PowerShell makes of a value with &, as the runner has it
_WRAPPABLE = 64  # bytes of a value whose base64 is looked for with a line break at any place, and encoded once more
_MOST_PARTS = 64  # lines of a value that are looked for in every form; further ones as they are
_LONG = 4096  # bytes from which only the usual forms are looked for

# Values that stand in ordinary logs: taking them out would hide the log and tell what the value is.
_COMMON = frozenset(
    b"password passwort changeme changeit username administrator localhost postgres postgresql mysql-server root-user default "
    b"undefined disabled required optional development production staging testing sandbox integration application "
    b"database function internal external continue repository container registry workflow pipeline refs/heads/main latest "
    b"12345678 123456789 1234567890 0123456789 qwertyuiop deadbeef cafebabe secret-value service_account authorized_user "
    b"eu-central-1 eu-west-1 us-east-1 us-east-2 us-west-1 us-west-2 127.0.0.1 0.0.0.0 https:// http://localhost example.com".split()
)
_DATE = re.compile(rb"(19|20)\d\d[-/.]?\d\d[-/.]?\d\d([T _-]?\d\d:?\d\d(:?\d\d)?Z?)?")
_TELLING = re.compile(r"(?i)pass|pwd|secret|token|credential|private|api_?-?key|access_?-?key|^key$|signature|salt|connection_?-?string")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PASSED = b" \t\r\n\v\f\0\\\"'"  # what the filter looks past
_EDGE = 48  # signs of an encoded value that are looked for together with the sign beside them
_PAIR = re.compile(rb"""\s*(?:export\s+)?["']?([A-Za-z_][A-Za-z0-9_.-]{0,80})["']?\s*[=:]\s*(.*?)\s*""")


def maskable(value: bytes) -> bool:
    """Tell whether a value can be hidden without hiding ordinary text: long enough, and no common word."""
    core = b"".join(value.split()).strip(b"\"'")
    if len(value.translate(None, _PASSED)) < SHORTEST_MIXED:  # nothing is left that a filter could find again
        return False
    if core.lower() in _COMMON or _DATE.fullmatch(core) or len(set(core)) < (2 if core.isalnum() else 4):
        return False
    if len(core) >= SHORTEST:
        return True
    kinds = [re.search(kind, core) for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]", rb"[^a-zA-Z0-9]")]
    return len(core) >= SHORTEST_MIXED and sum(1 for kind in kinds if kind) >= 3


def forms(value: bytes) -> Iterator[bytes]:
    """Give a value, its parts, and what encoders make of each; only what is ``maskable``."""
    seen: set[bytes] = set()
    for count, part in enumerate(_parts(value)):
        if part in seen or not maskable(part):
            continue
        seen.add(part)
        yield part
        yield from _seen_by_powershell(part)
        if len(part) >= SHORTEST and count < _MOST_PARTS:
            yield from _encoded(part) if len(part) <= _LONG else _encoded_long(part)


def masks(value: bytes) -> Iterator[bytes]:
    """Give what a runner that masks by itself should hide: the parts, and the encodings that it would miss inside longer texts."""
    for part in (value, *_parts(value)):
        if not maskable(part):
            continue
        yield part
        if SHORTEST <= len(part) <= _LONG and b"\n" not in part:
            yield part.hex().encode()
            for core in _cores(base64.b64encode, part, 3):
                yield core
                yield from _cores(base64.b64encode, core, 3)


def _parts(value: bytes) -> Iterator[bytes]:
    """Give the whole value, its lines, and the fields of JSON, of ``NAME=value`` lines and of URLs that hold a secret."""
    whole = value.strip()
    lines = whole.splitlines()
    yield whole.replace(b"\r\n", b"\n")
    if len(lines) > 1:
        yield whole.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield from _fields(whole)
    yield from _passwords(whole)
    if len(lines) > 1:
        for line in lines:
            pair = _PAIR.fullmatch(line)
            if pair is None:
                if not re.fullmatch(rb"\s*-----(BEGIN|END) [A-Z0-9 ]+-----\s*", line):  # stands in ordinary output, and is no secret
                    yield line.strip()
                continue
            field = pair[2].strip(b"\"',")
            if _TELLING.search(pair[1].decode("ascii")) or random_looking(field):
                yield field
            yield from _passwords(field)
            yield line.strip()


def _fields(value: bytes) -> Iterator[bytes]:
    """Give the texts of a JSON object that look like secrets, or are called so; what is no JSON has none."""
    if value[:1] not in (b"{", b"["):
        return
    try:
        waiting: list[tuple[str, object]] = [("", json.loads(value))]
    except (ValueError, RecursionError):
        return
    while waiting:
        name, found = waiting.pop()
        if isinstance(found, dict):
            waiting += [(str(key), each) for key, each in found.items()]
        elif isinstance(found, list):
            waiting += [(name, each) for each in found]
        elif isinstance(found, str):
            text = found.encode("utf-8", "surrogatepass")
            address = re.match(rb"[a-z][a-z0-9+.-]*://", text)
            if (_TELLING.search(name) and not address) or random_looking(text):
                yield text
                if b"\n" in text:
                    yield from (line for line in text.splitlines() if random_looking(line))
            yield from _passwords(text)


def _passwords(value: bytes) -> Iterator[bytes]:
    """Give the password of a URL, as written and decoded."""
    if b"://" not in value[:40] or len(value) > 4096:
        return
    try:
        password = urlsplit(value.decode("utf-8")).password
    except ValueError:
        return
    if password:
        yield password.encode()
        yield unquote_to_bytes(password)


def random_looking(text: bytes) -> bool:
    """Tell whether a text looks drawn rather than written: letters and digits mixed, many different signs, no address."""
    if len(text) < SHORTEST or b" " in text.strip() or b"://" in text:
        return False
    counts = [text.count(bytes((sign,))) for sign in set(text)]
    entropy = -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
    mixed = sum(1 for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]") if re.search(kind, text)) >= 2
    return mixed and entropy >= min(3.0, 0.7 * math.log2(len(text)))


def _seen_by_powershell(value: bytes) -> Iterator[bytes]:
    """Give what PowerShell prints of a value that it took apart at ``&``."""
    if b"&" in value:
        plus = value.find(b"&+")
        cut = plus + 1 if plus >= 0 else value.rfind(b"&") + 1
        yield from (part for part in (value[:cut], value[cut + (1 if plus >= 0 else 0) :]) if len(part) >= _SHORTEST_PART)


def _encoded_long(raw: bytes) -> Iterator[bytes]:
    """Give the forms that files take on their way."""
    for form in (*_edges(base64.b64encode, raw, 3, _BASE64), *_cores(base64.b64encode, raw, 3)):
        yield form
        yield form.translate(_URL_SAFE)
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield json.dumps(raw.decode("utf-8", "replace"))[1:-1].encode()
    yield json.dumps(raw.decode("utf-8", "replace"), ensure_ascii=False)[1:-1].encode()


def _encoded(raw: bytes) -> Iterator[bytes]:
    yield raw[::-1]
    yield from _base64(raw)
    for core in (*_cores(base64.b32encode, raw, 5), *_edges(base64.b32encode, raw, 5, _BASE32)):
        yield core
        yield core.lower()
    yield from _numbered(raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return
    if not text.isascii():
        yield text[::-1].encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
        yield text.encode("latin-1", "ignore") if len(text.encode("latin-1", "ignore")) == len(text) else raw
        yield text.encode("ascii", "backslashreplace")
        yield raw.decode("latin-1").encode("ascii", "backslashreplace")
    for wide in ("utf-16-le", "utf-16-be"):
        yield from _cores(base64.b64encode, text.encode(wide), 3)
        yield text.encode(wide).hex().encode()
    yield from _texts(text)


def _base64(raw: bytes) -> Iterator[bytes]:
    """Give base64 at all three alignments, url-safe, and encoded twice, with a line break of the first round at any place."""
    for edge in _edges(base64.b64encode, raw, 3, _BASE64):
        yield edge
        yield edge.translate(_URL_SAFE)
    for core in _cores(base64.b64encode, raw, 3):
        for inner in {core, core.translate(_URL_SAFE)}:
            yield inner
            for outer in _cores(base64.b64encode, inner, 3):
                yield outer
                yield outer.translate(_URL_SAFE)
        if len(raw) <= _WRAPPABLE:
            for place in range(1, len(core)):
                yield from _cores(base64.b64encode, core[:place] + b"\n" + core[place:], 3)


def _cores(encode: object, raw: bytes, group: int) -> Iterator[bytes]:
    """Give the signs that do not depend on neighbours, for each place that a value can have in a group of bytes."""
    bits = 6 if group == 3 else 5
    for before in range(group):
        padded: bytes = encode(bytes(before) + raw)  # type: ignore[operator]  # b64encode or b32encode
        yield padded[-(-before * 8 // bits) : (len(raw) + before) * 8 // bits]


def _edges(encode: object, raw: bytes, group: int, alphabet: bytes) -> Iterator[bytes]:
    """Give the first and the last signs of every core, each with the sign beside it that the value shares with a neighbour.

    What the neighbour adds to that sign is unknown: every possibility is a form of its own. Without these, up to six bits of the
    value's first and last byte would be shown.
    """
    bits = 6 if group == 3 else 5
    for before in range(group):
        padded: bytes = encode(bytes(before) + raw)  # type: ignore[operator]  # b64encode or b32encode
        first, last = -(-before * 8 // bits), (len(raw) + before) * 8 // bits
        core = padded[first:last]
        if unknown := before * 8 % bits:
            shared = alphabet.index(padded[first - 1])
            yield from (alphabet[shared | high << (bits - unknown) :][:1] + core[:_EDGE] for high in range(1 << unknown))
        if known := (len(raw) + before) * 8 % bits:
            shared = alphabet.index(padded[last])
            yield from (core[-_EDGE:] + alphabet[shared | low :][:1] for low in range(1 << (bits - known)))


def _numbered(raw: bytes) -> Iterator[bytes]:
    """Give each byte as a number in the notations of programs: hexadecimal, octal, decimal, percent, escapes."""
    for low in (raw.hex(), raw.hex().upper()):
        pairs = [low[place : place + 2] for place in range(0, len(low), 2)]
        yield from (mark.join(pairs).encode() for mark in ("", ":", "-", ",", "x", "%", "0x", ",0x", ";", "_"))
        yield "".join(f"u00{pair}" for pair in pairs).encode()
        yield "".join(f"U000000{pair}" for pair in pairs).encode()
        yield "".join(f"u{{{pair}}}" for pair in pairs).encode()
        yield ";".join(f"&#x{pair}" for pair in pairs).encode()
    yield "".join(f"{byte:03o}" for byte in raw).encode()
    yield ",".join(str(byte) for byte in raw).encode()
    yield ";".join(f"&#{byte}" for byte in raw).encode()
    yield ";".join(f"&#{byte:03}" for byte in raw).encode()


def _texts(text: str) -> Iterator[bytes]:
    """Give what escapes of JSON, XML, URLs and templates make of a text."""
    for ascii_only in (True, False):
        told = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield told.encode("utf-8", "surrogatepass")
        # serializers that are careful with HTML
        for sign in "<>&'":
            told = told.replace(sign, f"\\u{ord(sign):04x}")
        yield told.encode("utf-8", "surrogatepass")
        yield re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), told).encode("utf-8", "surrogatepass")
    for apostrophe in ("&#x27;", "&#39;", "&apos;", "'"):
        for mark in ("&quot;", "&#34;"):
            yield escape(text, quote=False).replace('"', mark).replace("'", apostrophe).encode()
    for quoted in (quote(text, safe=""), quote(text), quote(text, safe="!*'()"), quote(text, safe="/:@"), quote_plus(text)):
        yield quoted.encode()
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted).encode()
        yield quote(quoted, safe="").encode()
    for form in ("u%04x", "u%04X"):
        yield "".join(form % ord(sign) for sign in text).encode()
    yield text.replace("%", "%%").encode()
    yield text.replace("$", "$$").encode()
