# SPDX-License-Identifier: Apache-2.0
"""Values without a format of their own: judged by what they are called and how they look.

A password is chosen: any mixture will do, words with a digit too, as long as it is none that stands for one. A key or
token is drawn: it must not consist of words. Names say which of the two it is, and whether something else is meant.
"""

from __future__ import annotations

import re
from itertools import pairwise

from pipeline_guard.model.finding import Severity
from pipeline_guard.scan import filters
from pipeline_guard.scan.letters import familiarity, wordiness
from pipeline_guard.scan.proofs.published import TOKENS, fingerprint
from pipeline_guard.scan.rule import Rule

_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_NAME_REACH = 50  # bytes before the word that tells
_WORDS = 0.5  # share of a value in words from which it is a name

# The last word of a name, where it says that the value is about the secret and not the secret.
_MEANT_OTHERWISE = re.compile(
    rb"(?i)(?:test_data|public|pub|hash(?:es|ed)?|digest|checksum|sha\d*|md5|next|page|cursor|cache|primary|foreign|sort|partition|translation|"
    rb"i18n|lang|label|message|msg|error|err|hint|help|placeholder|regexp?|pattern|path|file|filename|dir|folder|names?|urls?|uri|endpoint|"
    rb"types?|kind|count|length|len|size|max|min|expir\w*|expiry|ttl|ids?|field|column|col|policy|prompt|title|text|description|desc|reset|"
    rb"forgot|confirm|validat\w*|input|issuer|version|prefix|suffix|header|param(?:eter)?|location|provider|class|scope|lifetime|algorithm|"
    rb"alg|attr|attribute|element|selector|button|link|view|form|icon|store|manager|mgr|realm|describe|service|status|state|mode|source|ref|arn|alias|date|time|"
    rb"at|age|last_?used|usage|tag|index|idx|rule|rules|event|action|permission|role|users?|user_?name|login|email|domain|host|port|enabled|"
    rb"required|encode|decode|get|set|split|join|replace|strip|format|startswith|chars|alphabet|float|int|comment|string_?literal|"
    rb"secrets?manager|encoding|encoded|encryption|encrypted|ciphertext|cipher|blob|verifier|signature|fingerprint|thumbprint|tests?|spec|model|schema|"
    rb"json|xml|config)$"
)
# A word anywhere in a name that says so.
_FALSE_NAME = re.compile(
    rb"(?i)(?:^|[_.\-])(?:mock|fake|dummy|example|sample|wrong|invalid|incorrect|bad|non_?existent|non_?matching|expired|malformed|public|pub|"
    rb"csrf|xsrf|dkim|sha\d+|md5|checksum|digest|etag|commit|integrity|fingerprint|thumbprint|ciphertext|encrypted|publishable|anon|placeholder|"
    rb"regex|paging|pagination|continuation|next|page|sync|resume|cursor|primary|foreign|sort|partition|cache|lookup|result|dest|input|output|"
    rb"hashed|translation|i18n|object|row|map|dict|hash|group_by|bucket|s3|by|compass|bypass|encompass|surpass|surrogatepass|trespass|"
    rb"(?:mon|tur|don|hoc|joc|whis|hot|loc|las)key|verif\w*_key|(?:change|dedup\w*|idempotency|correlation|grouping|bucket|object)[_.\-]key|"
    rb"(?:lock|update|change|request|client_?request|starting|sequence|identity|device|idempotency)[_.\-]token|tokeni[sz]er|pub_?key\w*|(?:token|key)_data|type_token|"
    rb"csrf\w*|dkim\w*|authenticity_token|request_verification_token|anti_?forgery\w*|amz[_.\-]credential|minipass|getpass|max_tokens|stop_?token|"
    rb"(?:bos|eos|pad|unk|sep|cls|mask)_token)(?:[_.\-]|$)"
)
_PASSWORD = re.compile(rb"(?i)pass|pas?s?wd|pss?wd|pw|psw|secret_?word|kennwort|senha|contrase|mdp|wachtwoord|haslo|parola|[^\x00-\x7f]")
# What says that a key of any shape is meant; other names of keys want a value that is long and random.
_CLEAR = re.compile(
    rb"(?i)secret|passw|token|pat$|api_?key|credential|(?:access|auth|private|encryption|signing|master|account|service|license|client|admin|shared|"
    rb"session|jwt|consumer|webhook|app)_?key"
)
_STAND_INS = frozenset(
    (
        b"password passwd passwords pass passphrase passcode pwd pw secret secrets test tests testing tester user users username "
        b"login name names key keys token tokens my your the a an new old current db database root default value values string "
        b"example sample demo foo bar baz qux hello world none null nil true false required optional undefined empty invalid "
        b"valid wrong correct incorrect good bad weak strong simple secure plain text some any this that is not no yes api app "
        b"auth access client server service mysql postgres postgresql redis mongo mongodb rabbitmq oracle field form confirm "
        b"confirmation reset change forgot again repeat enter here input hidden masked show hide min max length hash hashed "
        b"encrypted encoded decode type mail email id admin guest abc qwerty asdf letmein one two three first second third "
        b"another other ok generated random super special dev development stage staging prod production local docker kube "
        b"account for of in to and or with on at by your-own it as be mock fake dummy stub ignored unused unknown unset blank "
        b"temp tmp temporary changed updated does exist exists whatever something anything nothing base utf "
    ).split()
)
_ESCAPED_TEXT = re.compile(rb"(?:\\x[2-7][0-9a-fA-F])+")
_STRONG = re.compile(rb"[!@#$%^&*?~+=]")
_MIXED = re.compile(rb"[a-z][A-Z].*[a-z][A-Z]|[A-Z][a-z].*[a-z][A-Z].*[A-Z][a-z]|[A-Z]{2}.*[a-z][A-Z]|[a-z][A-Z]{2}")
# Plain words are taken for a password only where one is assigned to a name that ends in that word.
_CHOSEN_NAME = re.compile(rb"(?i:(?:passw(?:or)?d|passwd|passphrase)\d?$)|(?:^|_)PASS$")
_CHOSEN = re.compile(rb"[a-z]{4,24}(?:_[a-z]{4,24})?")
_ASSIGNED = re.compile(rb"""[\\"'\]]{0,4}[ \t]{0,8}(?:=>|:=|[:=])[ \t]{0,8}[\\@LNu]{0,2}["'`]""")
# A registry's login of nobody's, as manuals show it.
_SHOWN = re.compile(rb"@example\.(?:com|org|net)")
# Names under which a UUID is a credential and not a mere identifier.
_UUID_NAME = re.compile(
    rb"(?i:secret|api_?key|(?:access|auth|api)_?token|access_?key|password|\w[a-z](?<!client)(?<!request)_token$)|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:TOKEN|KEY)$"
)
# The same, written in one word: passwordchars, tokenlength.
_GLUED_OTHER = re.compile(
    rb"(?i)(?:password|passwd|secret|token|key)(?:chars|characters|alphabet|length|len|policy|field|hint|label|regexp?|pattern|expiry|ttl|types?|names?|files?|"
    rb"path|urls?|ids?|hash|digest|prefix|suffix|header|param|column|lifetime|timeout|format)$"
)
# Keys of others by their fingerprint: what a package manager or a signature is checked with.
_KEYRING = re.compile(rb"(?i)(?:gpg|pgp|keyserver|signing|release|repo|apt)_?keys?(?:_?id)?$")
_FINGERPRINT = re.compile(rb"(?:0x)?(?:[0-9A-F]{16}|[0-9A-F]{40}|[0-9a-f]{40})")
# Words with separators and perhaps a number at their end; or a word with one of those that say what it is.
_LIKE_NAME = re.compile(
    rb"[A-Za-z]+(?:[_./:\-][A-Za-z]+)+[_./:\-]?\d?|(?i:[\w/]+[_-](?:pwd|pass|password|passwd|passphrase|secret|token|key))|\w+/[\w/.+\-]+"
)


def judge(rule: Rule, match: re.Match[bytes], value: bytes) -> Severity | None:
    """Return how grave a value is that a generic rule matched, None where it is no secret or stands in a standard."""
    severity = _judge(rule, match, value)
    return None if severity and fingerprint(value) in TOKENS else severity


def _judge(rule: Rule, match: re.Match[bytes], value: bytes) -> Severity | None:
    groups = match.groupdict()
    quoted = bool(groups.get("quote"))
    if value.count(b",") > 10 and re.fullmatch(rb"[\dxXA-Fa-f,\s]+", value):
        return None if (name := _whole_name(match)) is None or _names_other(name) else _bytes_list(value)
    if rule.id.startswith("kubernetes-secret"):
        return _encoded(value)
    if _ESCAPED_TEXT.fullmatch(value):
        return None  # it is read, and judged, decoded
    if filters.is_placeholder(value) or filters.hides_placeholder(value) or not _is_typable(match, value, quoted=quoted):
        return None
    if rule.proof:
        return Severity(rule.severity)
    if not groups.get("name"):
        return _plain(value)
    name = _whole_name(match)
    if name is None or _names_other(name):
        return None
    plain = re.sub(rb"[^a-z0-9]", b"", value.lower())
    if plain and plain in re.sub(rb"[^a-z0-9]", b"", name.lower()):
        return None
    if filters.is_sequence(value):
        return None if quoted else _typed(name, value)  # in programs and their manuals it stands for a key
    if _is_no_value(value, quoted=quoted):
        return None
    if name.lower() == b"auth" and _SHOWN.search(match.string, match.end(), match.end() + 120):
        return None
    if _PASSWORD.search(name) and not rule.entropy:  # who asks for entropy means drawn values
        assigned = rule.id.startswith("generic-password") and _assigns(name, match, quoted=quoted)
        return _password(value, quoted=quoted) or (_chosen(value) if assigned else None)
    return None if filters.is_identifier(value) else _key(name, value, quoted=quoted)


def _is_typable(match: re.Match[bytes], value: bytes, *, quoted: bool) -> bool:
    """Tell whether a value has only signs that keys have; chosen passwords may hold letters of western languages besides."""
    if all(31 < byte < 127 for byte in value):
        return True
    named = match.groupdict().get("name")
    if not quoted or not named or not _PASSWORD.search(named) or not (_STRONG.search(value) and re.search(rb"\d", value)):
        return False
    text = value.decode("utf-8", "replace")
    return all(letter.isprintable() and letter < "\u0250" and not letter.isspace() for letter in text)


def _is_no_value(value: bytes, *, quoted: bool) -> bool:
    """Tell whether a value is of another kind by its form, or typed along the keyboard."""
    return filters.is_sequence(value) or filters.is_other(value) or filters.is_dotted(value) or filters.is_code(value, quoted=quoted)


def _whole_name(match: re.Match[bytes]) -> bytes | None:
    """Return the name as words with underscores; patterns begin at the word that tells, the rest stands before it."""
    begin = match.start("name")
    head = match.string[max(begin - _NAME_REACH, 0) : begin]
    before = head.rstrip(_NAME_BYTES)
    if before.endswith(b"::") and not match["name"].islower():
        return None  # a type, as CloudFormation and C++ write it
    if before.endswith((b"checksum/", b"hash/")):
        return None  # a note on what a manifest was made from
    if (before.endswith(b":") and b"arn:" in head) or b"/badge" in head or b"badge." in head:
        return None  # part of an Amazon resource name; a token that a badge shows to everybody
    name = (head[len(before) :] + match["name"]).strip(b"_-. ").replace(b" ", b"_")
    return re.sub(rb"([a-z0-9])([A-Z])", rb"\1_\2", name)


def _names_other(name: bytes) -> bool:
    if name.lower().endswith((b"secret_id", b"hash_salt", b"hash_key")):
        return False  # the secret half of a Vault role; a salt that is mixed into hashes
    name = re.sub(rb"(?i)^[\w.\-]*encrypted[\w\-]*\.", b"", name)  # a section, such as Kibana's of encrypted objects
    last = re.split(rb"[_.\-]", name)[-1]
    return bool(_MEANT_OTHERWISE.match(last) or _FALSE_NAME.search(name) or _GLUED_OTHER.search(last))


def _plain(value: bytes) -> Severity | None:
    """Judge a value that its place alone tells, as in a header or on a command line."""
    if _is_no_value(value, quoted=True):
        return None
    return Severity.LOW if filters.is_uuid(value) else _password(value, quoted=True)


def _bytes_list(value: bytes) -> Severity | None:
    """Judge numbers in brackets: a key's are bytes without order, tables and tests count."""
    numbers = [int(number, 0) for number in re.findall(rb"0[xX][0-9A-Fa-f]+|[1-9]\d*|0", value)]
    steps = {after - before for before, after in pairwise(numbers)}
    return Severity.MEDIUM if len(set(numbers)) >= 9 and len(steps) * 2 > len(numbers) and max(numbers) > 99 else None


def _encoded(value: bytes) -> Severity | None:
    """Judge a value of a manifest that is there to hold secrets: as it is or in Base64, anything but a stand-in."""
    text = filters.unwrapped(value) or value
    inner = filters.unwrapped(text.strip()) or text
    if not re.search(rb"(?<!EXAMPLE )PRIVATE KEY", inner) and re.search(rb"PUBLIC KEY|BEGIN CERT|BEGIN EXAMPLE", inner):
        return None
    plain = text.strip()
    if plain.isdigit() or (is_stand_in(plain) and b":" not in plain) or (len(plain) < 60 and filters.is_placeholder(plain)):
        return None
    return Severity.MEDIUM


def is_stand_in(value: bytes) -> bool:
    """Tell whether a value is made of words that people write where a password will stand, with up to four digits."""
    words = re.findall(rb"[a-z]+", re.sub(rb"([a-z])([A-Z])", rb"\1 \2", value).lower())
    digits = re.sub(rb"[^0-9]", b"", value)
    return bool(words) and len(digits) <= 4 and all(word in _STAND_INS or _glued(word) for word in words)


def _glued(word: bytes) -> bool:
    """Tell whether a word is two or three of those in one, as testpassword and mynewpassword are."""
    parts = [word[cut:] for cut in range(2, len(word) - 1) if word[:cut] in _STAND_INS]
    return any(part in _STAND_INS for part in parts) or any(
        part[:cut] in _STAND_INS and part[cut:] in _STAND_INS for part in parts for cut in range(2, len(part) - 1)
    )


def _password(value: bytes, *, quoted: bool) -> Severity | None:
    """Judge a chosen value: two kinds of characters are enough, a single word or a name is not."""
    if len(value) < (5 if quoted else 6) or len(set(value)) < 4 or filters.is_uuid(value):
        return None
    words = wordiness(value)
    if value.isdigit():
        return Severity.LOW if len(value) >= 6 else None
    if value.isalpha():
        return Severity.LOW if len(value) >= 8 and words < _WORDS and _MIXED.search(value) else _drawn(value)
    if filters.classes(value) < 2 or (is_stand_in(value) and filters.classes(value) < 4):
        return None
    digits = re.sub(rb"[^0-9]", b"", value)
    if not digits and not (_STRONG.search(value) or _MIXED.search(value)):
        return None  # words with a hyphen
    labelled = words >= 0.4 or (not value[:1].isalnum() and len(value) < 12)
    if not digits and labelled and not (value[:1].islower() and _STRONG.search(value)):
        return None  # a sentence, a label or a name
    if len(digits) <= 2 and _LIKE_NAME.fullmatch(value) and words >= _WORDS:
        return None
    strong = len(value) >= 10 and words < 0.4 and filters.classes(value) >= 2 and filters.entropy(value) >= 2.8
    return Severity.MEDIUM if strong else Severity.LOW


def _typed(name: bytes, value: bytes) -> Severity | None:
    """Judge what was typed along the alphabet: long ones with digits open things, too, where the name says a key."""
    if filters.counts_digits(value):
        return None  # of a manual
    keyed = len(value) >= 24 and len(set(value)) >= 12 and re.fullmatch(rb"\w+", value) and re.search(rb"\d", value)
    return Severity.LOW if keyed and _CLEAR.search(name) and not _PASSWORD.search(name) else None


def _assigns(name: bytes, match: re.Match[bytes], *, quoted: bool) -> bool:
    """Tell whether a match assigns to what is a password and nothing else."""
    between = match.string[match.end("name") : match.start("value")]
    plain = _ASSIGNED.fullmatch(between) is not None if quoted else between in (b"=", b" = ") and (name.isupper() or name.islower())
    return plain and _CHOSEN_NAME.search(name) is not None


def _chosen(value: bytes) -> Severity | None:
    """Judge plain words: people choose those too."""
    if len(value) < 8 or not _CHOSEN.fullmatch(value) or is_stand_in(value):
        return None
    words = value.split(b"_")
    return None if len(words) > 1 and any(word in _STAND_INS for word in words) else Severity.LOW


def _drawn(value: bytes, limit: float = 0.35) -> Severity | None:
    """Judge letters alone: only where they could hardly be words, of other languages neither."""
    return Severity.LOW if len(value) >= 12 and familiarity(value) < limit and filters.entropy(value) >= 3.0 else None


def _key(name: bytes, value: bytes, *, quoted: bool) -> Severity | None:
    """Judge a drawn value: no words, no name, and long enough for what it is called."""
    clear = bool(_CLEAR.search(name))
    if filters.is_uuid(value):
        timed = value[14:16] == b"11"  # made of the date (2009 to 2033) and a network card
        return Severity.LOW if _UUID_NAME.search(name) and not timed and not filters.is_typed(value) else None
    if len(value) < 20 and re.fullmatch(rb"[0-9a-f]+|[0-9A-F]+", value) and not re.search(rb"(?i)(?:secret|salt)\d?$", name):
        return None  # as short as the number of a commit or a colour
    if _FINGERPRINT.fullmatch(value) and _KEYRING.search(name):
        return None
    words, kinds = wordiness(value), filters.classes(value)
    chosen = name.lower().endswith(b"secret") and kinds > 2 and not re.search(rb"[\s_./:\-]", value)
    if len(value) < (10 if clear and (quoted or kinds > 2) else 12 if clear else 16):
        return _password(value, quoted=quoted) if chosen else None
    if value.isalpha() and (kinds == 1 or words > 0.3 or not _MIXED.search(value)):
        return _drawn(value, 0.45) if clear else None
    if value.isdigit():
        return Severity.LOW if clear and 16 <= len(value) <= 32 and filters.entropy(value) >= 2.6 else None
    if kinds < 2 or words >= (_WORDS if len(value) >= 16 else 0.4) or is_stand_in(value):
        return _password(value, quoted=quoted) if chosen else None
    if not re.search(rb"\d", value) and (len(value) < 20 or words > 0.25):
        return None
    if filters.entropy(value) < 2.6 or (not clear and (words > 0.35 or filters.is_name(value))):
        return None
    return Severity.MEDIUM if len(value) >= 16 and not filters.is_typed(value) else Severity.LOW
