# SPDX-License-Identifier: Apache-2.0
"""What only looks like a secret: placeholders for all rules; words, references, hashes and paths for generic ones."""

from __future__ import annotations

import base64
import math
import re
from itertools import pairwise

from pipeline_guard.scan.letters import wordiness

# Words that people write where a secret will stand. Matched anywhere in a value, case-insensitively.
_MARKS = re.compile(
    rb"(?i)example|placeholder|change_?-?(?:me|this|it)|replace[_-]?(?:me|with|this)"
    rb"|your[_-]?(?:own|api|secret|token|password|passwd|key|access|client|account|app|auth|db|pass|user)"
    rb"|insert[_-]?(?:your|token|key|here|secret|password|api)|(?:token|key|secret|password|value|goes)[_-]?here"
    rb"|redacted|x{5,}|\*{3,}|\.{3}|#{5,}|_{6,}|dummy|not[_ -]?(?:a|my)?[_ -]?real|must_?be|at_?least"
    rb"|\bfoo_?bar\b|todo|fixme|my[_-]?(?:secret|password|token|api)[_-]?(?:key)?$"
)
_REFERENCE = re.compile(
    rb"^[<\[{(%].*[>\]})%]$|\$\{|\{\{|\}\}"
    rb"|\$\([\w ]|#\{\w|%\(\w+\)|<%|^@@?[\w.\-]+@@?$|^\$[A-Za-z_]\w*$|^\$\w+[/:.]|^%[A-Za-z_]+%|^\{[A-Za-z_][\w.]*\}|<[A-Za-z][\w .\-]*>"
    rb"|process\.env|os\.environ|os\.getenv|getenv|ENV\[|secrets\.|vault:|^env:|ENC[\[(]|op://|ssm:|arn:aws:|file://|^AQICA|\bvar\.|\bdata\.\w+\."
    rb"|\{[a-z][a-z0-9]{0,15}:[a-z0-9-]{1,24}\}"
    rb"|^!(?:Ref|Sub|GetAtt|Join|Select|Split|ImportValue|FindInMap|Base64|If|vault|reference|secret|env\w*|lambda|include|input)\b"
)
_HOLE = re.compile(rb"[.\-_]?\{[a-z][a-z0-9]{0,15}:[a-z0-9-]{1,24}\}")
_HASH = re.compile(rb"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}|[0-9A-F]{40}|[0-9A-F]{64})")
_UUID = re.compile(rb"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LABELLED_HASH = re.compile(
    rb"^\*[0-9A-F]{40}$|(?i:^(?:(?:scram-)?sha-?(?:1|224|256|384|512)|md5|blake2b?|blake3|integrity|pbkdf2|bcrypt|argon2)(?:[-:$_]|$)|^\$(?:2[aby]|5|6|1|apr1|argon2))"
)
_PUBLIC = re.compile(
    rb"^(?:U2FsdGVkX1|ssh-(?:rsa|ed25519|dss)|ecdsa-sha2"
    rb"|MII[BC][IC]j|MFkwEwYHKoZIzj0CAQ|MHYwEAYHKoZIzj0CAQ|MIGbMBAGByqGSM49|MCowBQYDK2V|MIGfMA0GCSqGSIb3DQEBAQ"  # DER
    rb"|AAAA[BC]3Nza|-----BEGIN (?:PUBLIC|CERT|RSA PUBLIC|PGP PUBLIC)|pk_(?:live|test)_|sb_publishable_)"
    rb"|^0x[0-9a-fA-F]{40}$"  # an address of Ethereum
    rb"|^[\w./\-]{1,80}\+[0-9a-f]{8}\+A[A-Za-z0-9+/]{43}$"  # a verifier of Go's signed notes
)
_PATH = re.compile(
    rb"^(?:[a-zA-Z]:\\|\.{0,2}/(?![A-Za-z0-9+/]{38,}={0,2}$)|~/|[a-z][a-z0-9+.-]*://)"
    rb"|\.(?:py|js|ts|json|ya?ml|pem|key|crt|cer|der|csr|pub|asc|gpg|sig|pkcs8|cvcert|p12|pfx|jks|txt|html?|xml|go|rs|java|php|rb|sh|env|md|png|svg|css|conf|cfg|ini|c|cc"
    rb"|cpp|h|hpp|com|org|net|io|local|invalid|test|localhost)$"
    rb"|^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$|^[\w.\-]{1,80}(?:/[\w.\-]{1,80}){1,12}\.[a-z][a-z0-9]{1,7}$"
)
# Calls, members, indices, operators: what stands where an expression may.
_CODE = re.compile(
    rb"[()\[\]{};<>|\\]|^\+[A-Za-z_]\w*\.|::|->|=>|&&|\b(?:function|return|null|undefined|lambda|await|new|self|this|None|True|False|true|false)\b"
)
# The same inside of quotes, and what only patterns, formats, selectors and markup have.
_QUOTED_CODE = re.compile(
    rb"\w\([^)]*\)$|^\+[A-Za-z_]\w*\.|<[/A-Za-z!]|^\s|\s|\{[A-Za-z_0-9][\w.:()-]{0,60}\}|\{\}|\[-?\d+\]"
    rb"|\(\?[:=!<P]|\\[dwsbSWDB()|]|\[\^|\]\+|\]\*|\.\*|\[a-z|A-Z\]|^\^|(?:^|[ _:/=.-])%[sdrv]\b"
    rb"|\|\||&&|\w ?== ?\w|^--?[a-z][a-z0-9]*(?:[= -]|$)|^[&?]\w+=|^[a-z_]+=$|^[a-z_]+=[A-Z]?[a-z_]+$"
    rb"|^[a-z_]+=[\[({]|\)[,(]|\}\)"
    rb"|\\u(?!00[0-7])[0-9a-fA-F]{4}|^(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\0){1,7}$|\$\w+\$|\\n$"
)
_NUMBER = re.compile(
    rb"^\d{4}-\d\d?-\d\d?(?:[T ]|$)|^\d\d?[./]\d\d?[./]\d{2,4}$|^\d\d?:\d\d(?::\d\d)?$|^[YyMDdHhms:/. -]{5,}$|^[\w.-]+:\d{2,5}$"
    rb"|^0[xX][\da-fA-F_.]+p[+-]?[\d_]+$|^\d+[eE][+-]?\d+$|^\d+i$"
    rb"|^[\d.,:/ +\-]*[.,:/+\-][\d.,:/ +\-]*$|^[\^~<>=v]{0,2}\d+(?:\.\d+){1,3}(?:[-+][\w.\-]{1,24})?$"
    rb"|^\d+(?:\.\d+){4,}\b|^(?:UUID|sha\d+)=|^\d+/[a-z]+\b|^[a-z]\w*:\w{1,10}=$|^(?:RFC|ISO|CVE|OID)[- ]?\d"
)
_IDENTIFIER = re.compile(
    rb"^[a-z_$]+\d{0,2}$|^[A-Z_$]+\d{0,2}$|^_*[A-Z]?[a-z]+(?:_?[A-Z][a-z]+|_?[A-Z]{2,4}(?![a-z]))*_*\d{0,2}$"  # one name, in any case
    rb"|^[a-z]+(?:[-_.:/ ][a-z]+)+\d{0,2}$|^[A-Z]+(?:[-_][A-Z0-9]+)+$"  # several words
    rb"|^(?:[a-z]+\d*|\d+)(?:[-_.](?:[a-z]+\d*|\d+))+$|^[<>=~^]*\d+(?:\.\d+)+[-.\w]*$"  # words and numbers, versions
)
_DOTTED = re.compile(rb"[.#][A-Za-z][\w-]*|[A-Za-z_$][\w-]*(?:\[\w*\])?(?:\.[A-Za-z_][\w-]*(?:\[\w*\])?)+|(?:/?[\w.\-]+/){2,}[\w.\-]*")
_KEY_ID = re.compile(rb"(?i:A(?:KIA|SIA|IDA|ROA|GPA)[A-Z0-9]{12,18})")
_PREFIX = re.compile(rb"^(?:[A-Za-z]{1,12}[_\-:]){1,4}(?=[^_]{16})")
_SEQUENCES = (
    b"abcdefghijklmnopqrstuvwxyz",
    b"01234567890123456789",
    b"zyxwvutsrqponmlkjihgfedcba",
    b"98765432109876543210",
    b"qwertyuiop",
    b"asdfghjkl",
    b"zxcvbnm",
    b"1q2w3e4r5t6y",
)
_WALK = 4  # characters that follow each other
_STEPS = frozenset(walk[start : start + _WALK] for walk in _SEQUENCES for start in range(len(walk) - _WALK + 1))


def entropy(value: bytes) -> float:
    """Return Shannon's entropy in bits a byte; 0.0 for an empty value."""
    if not value:
        return 0.0
    counts = [value.count(byte) for byte in set(value)]
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)


def is_placeholder(value: bytes) -> bool:
    """Tell whether nobody could mean this value: a mark, a template, a reference, or one pattern repeated."""
    return is_marked(value) or _is_repetitive(value)


def is_marked(value: bytes) -> bool:
    """Tell whether a value says itself that it is none: by a word such as example, as a template or as a reference."""
    return bool(_MARKS.search(value) or _REFERENCE.search(value))


def goes_on(text: bytes, end: int) -> bool:
    """Tell whether a value is only the part of a template before its next hole, as in ``sk-{name:24}``."""
    return _HOLE.match(text, end) is not None


def hides_placeholder(value: bytes) -> bool:
    """Tell whether a value is Base64 of a text with such a mark, as Kubernetes manifests have them."""
    text = unwrapped(value)
    if text.startswith(b'{"'):  # members of an object, which tokens are made of, too: not a reference in braces
        return _MARKS.search(text) is not None
    return len(text) >= 11 and is_placeholder(text)


def unwrapped(value: bytes) -> bytes:
    """Return the text of which a value is the Base64; b"" where it is of none."""
    body = value.rstrip(b"=")
    if len(body) % 4 == 1 or not re.fullmatch(rb"[A-Za-z0-9+/]+", body):
        return b""
    text = base64.b64decode(body + b"=" * (-len(body) % 4))
    return text if all(32 <= byte < 127 or byte in b"\r\n\t" for byte in text) else b""


def _is_repetitive(value: bytes) -> bool:
    """Tell whether a value is few letters over and over, or mostly one run of the same letter or of a sequence."""
    if len(value) < 8:
        return len(set(value)) <= 2
    body = value[value.rfind(b"_") + 1 :] if value.rfind(b"_") > 0 and len(value) - value.rfind(b"_") > 12 else value
    if len(set(body)) <= 3:
        return True
    if len(body) >= 12 and any(body == (body[:step] * (len(body) // step + 1))[: len(body)] for step in (1, 2, 3, 4)):
        return True
    longest = run = 1
    for before, after in pairwise(body):
        run = run + 1 if before == after else 1
        longest = max(longest, run)
    return longest * 2 >= len(body)


def is_sequence(value: bytes) -> bool:
    """Tell whether half of a value, or nearly all of a long one, walks along the alphabet, the digits or the keyboard."""
    share = 0.5 if len(value) < 20 or len(set(value)) > 50 else 0.85  # one of so many different letters is an alphabet
    return counts_digits(value) or is_alphabet(value) or _walks(value.lower()) >= share


def counts_digits(value: bytes) -> bool:
    """Tell whether a value counts the hexadecimal digits, as manuals do."""
    return value[:16].lower() == b"0123456789abcdef"


def is_alphabet(value: bytes) -> bool:
    """Tell whether a value lists letters in their order, perhaps without those that look alike."""
    rising = sum(before < after for before, after in pairwise(value))
    return len(value) >= 20 and len(set(value)) == len(value) and rising * 10 >= len(value) * 8


def is_typed(value: bytes) -> bool:
    """Tell whether letters and digits of a value walk on their own, as in a1b2c3d4e5f6, or all of it behind a prefix.

    People make such values up for manuals and tests, but also as keys of small systems.
    """
    body = _PREFIX.sub(b"", value).lower()
    letters, digits = bytes(byte for byte in body if byte > 57), bytes(byte for byte in body if 48 <= byte <= 57)
    return _walks(body) >= 0.6 or (len(letters) >= 6 and len(digits) >= 6 and _walks(letters) >= 0.6 and _walks(digits) >= 0.6)


def _walks(low: bytes) -> float:
    """Return the share of a value's places from which on four characters follow each other in a sequence."""
    places = len(low) - _WALK + 1
    return sum(low[start : start + _WALK] in _STEPS for start in range(places)) / places if places > 0 else 0.0


def is_identifier(value: bytes) -> bool:
    """Tell whether a value is the public half of a pair by its form: the id of an Amazon access key."""
    return _KEY_ID.fullmatch(value) is not None


def is_name(value: bytes) -> bool:
    """Tell whether a value is made like a name of a variable, a file or a version."""
    return bool(_IDENTIFIER.search(value))


def is_other(value: bytes) -> bool:
    """Tell whether a value is something else by its form: a hash with its label, a public key, a path, a URL, a date."""
    return any(form.search(value) for form in (_LABELLED_HASH, _PUBLIC, _PATH, _NUMBER))


def is_dotted(value: bytes) -> bool:
    """Tell whether a value is a member of something, as settings.API_KEY is, a selector, a host or a path."""
    return _DOTTED.fullmatch(value.rstrip(b"?")) is not None and wordiness(value) >= 0.45


def is_uuid(value: bytes) -> bool:
    """Tell whether a value is a UUID."""
    return _UUID.fullmatch(value) is not None


def is_code(value: bytes, *, quoted: bool) -> bool:
    """Tell whether a value is an expression, or within quotes a call, format, selector, pattern or prose."""
    return bool((_QUOTED_CODE if quoted else _CODE).search(value))


def classes(value: bytes) -> int:
    """Count the kinds of characters in a value: lower case, upper case, digits, others."""
    return sum(bool(re.search(kind, value)) for kind in (rb"[a-z]", rb"[A-Z]", rb"[0-9]", rb"[^A-Za-z0-9]"))
