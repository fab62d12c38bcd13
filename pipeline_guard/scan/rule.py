# SPDX-License-Identifier: Apache-2.0
"""A rule is data: what a secret looks like, how its format is proved, and what to do about it.

Rules are read from YAML with their lines, checked, and kept as values; a pattern is compiled when it is first needed.
Patterns are ``re`` syntax over bytes. They never see more than ``reach`` bytes on either side of a keyword.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, Protocol

import msgspec

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import Node, parse_yaml
from pipeline_guard.scan import pack_lines

FORMAT = 10  # of the parsed rules as they are cached; raise it when Rule or the composition of patterns changes
MAX_PATTERN = 2_000
MAX_REACH = 65_536
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

# The context of ``near`` rules: a vendor's word, up to the value of an assignment, header, argument or pair.
_START = r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"
# Names are padded now and then: VENDOR  - _ api  _ KEY
_PADDED = r"[ _.\-]{2,80}(?:[A-Za-z]{2,12}[ _.\-]{1,80}){0,3}"
_FILLER = rf"(?:[\w.\- ]{{0,40}}|{_PADDED}[A-Za-z]{{0,12}})"
# With ``credential``: the vendor's word is the whole name, or a word for a credential stands in the same name or in one
# that the vendor's opens, as in VENDOR_API_KEY, vendor: {token:, Vendor(secret=, vendor.com/v1?key=, vendor.com -H "Authorization:
_CREDENTIAL = (
    r"(?:(?:[_.\- ]?(?i:api))?(?=[\"'`\]]{0,2}[ \t]{0,4}[:=])"
    # not name: digest, nor "name": "digest", as files of locks have them
    r"(?!(?:[\"'`\]]\W{0,3}:\W{0,6}|:[ \t]{0,5})[a-f0-9]{40}(?:(?:[a-f0-9]{8}){2,3}|[a-f0-9]{56,})?(?![A-Za-z0-9]))"
    r"|(?=[ \-][0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w\-]))"
    r"|(?:[\w.\-]{0,40}|[\w.\- ]{0,30}[\"'`\])}]{0,2}[ \t]{0,4}[\[({:=,>|][\[({ \t]{0,4}[\"'`]?[\w.\-]{0,24}"
    rf"| [\w.\- ]{{0,40}}|{_PADDED}"
    r"|[^\s\"'`<>]{1,120}[?&][\w.\-]{0,24}|[^\r\n]{1,120}[\"' ][xX]-[\w\-]{0,24}|[^\r\n]{1,120}[\"' ](?=[aA]uth))"
    r"(?<![bB]lic)(?<![bB]lic_)(?<!BLIC_)(?<!able_)(?<!ABLE_)"  # public and publishable keys are none
    r"(?i:key|token|secret|passw|passphrase|pwd|auth|cred|signing|private|access|licen[sc]e|[_.\- ]pat(?![a-z])|[_.\- ]pass(?![a-z]))"
    r"(?!(?<=[a-z]Auth): [0-9a-f]{40}(?!\w))"  # a module and its digest
    r"[\w.\-]{0,24}(?: {1,2}(?:code|value|string|is|was|here|key|token|KEY|TOKEN)(?=[ :=]))?"
    r"(?i:(?<!id)(?<!name)(?<!file)(?<!path)(?<!type)(?<!hash)(?<!url)(?<!size)))"
)
_BETWEEN = (
    r"\\?[\"'`\]]{0,2}(?:[ \t]{0,8}(?:=>|:=|==|\|\||\?\?|[?|]{0,2}=|,|\(|>|:(?:[ \t]{0,4}&?[A-Za-z][\w\[\]<>. |]{1,24}=)?)[ \t]{0,8}"
    r"|[\"' \t]{0,40}[:=][\"'`:= \t]{0,120}"  # stray signs and quotes
    r"|,?[ \t]{0,8}\\?[\"']?(?i:value|content|default)\\?[\"']?[ \t]{0,4}(?:=>|=|:)[ \t]{0,8}|[ \t]{1,4})"
    r"(?:(?i:bearer|token|basic|key|apikey|bot)[ =:]\"?)?(?:[rbfuL@$](?=[\"'`]))?\\?[\"'`]?"
)
# Where nothing but a hyphen, a dot or the end of a name stands before the value, it must be of one piece and have a digit.
_JOINED = (
    r"[\-_.\"'](?=[A-Za-z0-9\-]{0,60}[0-9])"
    r"(?=[A-Za-z0-9+/]{16,500}={0,2}(?![\w\-])|[0-9A-Za-z]{6,12}(?:-[0-9A-Za-z]{4,6}){2,4}-[0-9A-Za-z]{4,14}(?![\w\-]))"
)
_END = r"(?![\w+/=\-])"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", omit_defaults=True):
    """One kind of secret.

    ``keywords`` are lower-case literals, one of which is in every match; ``near`` are words that must stand before
    the value, in which case ``pattern`` is the value's; ``credential`` asks for a word such as key or token behind them.
    ``group`` is what the secret is within the match. ``entropy`` is a minimum in bits a character; ``proof`` names a
    function of ``scan.proof``. ``lines`` says that a match may span lines. ``probe`` is an expression that matches within every
    match, for the engine to look for in its place; rules share one where they can, since each costs time with every byte.
    """

    id: str
    title: str
    severity: Literal["critical", "high", "medium", "low", "info"]
    pattern: str
    source: str
    hint: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    credential: bool = False
    group: int | str = 0
    entropy: float = 0.0
    proof: str = ""
    reach: int = 1024
    lines: bool = False
    probe: str = ""
    kind: str = ""
    about: str = ""

    @property
    def generic(self) -> bool:
        """Whether the rule knows no format: its values must pass the filters for words, references and hashes."""
        return self.kind == "generic"

    @property
    def anchors(self) -> tuple[str, ...]:
        """The literals one of which every match contains."""
        return self.keywords or self.near

    @property
    def expression(self) -> str:
        """The whole regular expression, with the context of ``near``."""
        if not self.near:
            return self.pattern
        words = "|".join(re.escape(word) for word in self.near)
        return f"{_START}(?i:{words}){self.tail}"

    @property
    def tail(self) -> str:
        """What follows the word of ``near`` in the expression."""
        filler = _CREDENTIAL if self.credential else _FILLER
        between = f"(?:{_BETWEEN}|{_JOINED})" if self.credential else _BETWEEN
        return f"{filler}{between}(?P<value>{self.pattern}){_END}"

    @property
    def value_group(self) -> int | str:
        """The group that holds the secret."""
        return self.group or ("value" if self.near else 0)


@lru_cache(maxsize=4096)
def compiled(rule: Rule) -> re.Pattern[bytes]:
    """Compile a rule's expression; raises re.error only for rules that were never checked."""
    return re.compile(rule.expression.encode("utf-8"))


class _Pack(msgspec.Struct, frozen=True):
    rules: tuple[Rule, ...]


def parse_pack(name: str, content: bytes, *, trusted: bool = False) -> tuple[Rule, ...]:
    """Read one rule pack; raise UsageError with file and line for anything that is not a usable rule.

    ``trusted`` packs ship with the package: their patterns are tested there, so compiling them here is left out.
    """
    if trusted and (known := _quickly(content)) is not None:
        return known
    tree = parse_yaml(content, name)
    entries = tree.get("rules")
    unknown = sorted({key for key, _ in tree.items()} - {"rules", "kind", "about"})
    if unknown:
        raise UsageError(
            f"{name}:{(tree.key_lines or {}).get(unknown[0], 1)}: unknown key {unknown[0]}", "a rule pack has kind, about and rules"
        )
    if entries is None or not isinstance(entries.value, list):
        raise UsageError(f"{name}:{tree.line}: a rule pack needs a list called rules", "begin with: rules:")
    common = {key: node.value for key in ("kind", "about") if (node := tree.get(key)) is not None}
    rules = []
    for entry in entries.elements():
        rule = _convert(name, entry, common)
        if not trusted:
            check_rule(rule, _refusal(name, entry, rule.id))
        rules.append(rule)
    return tuple(rules)


def _quickly(content: bytes) -> tuple[Rule, ...] | None:
    """Read a pack that is written as ours are; None for one with anything else in it, which then is read with its lines for the error."""
    pack = pack_lines.read(content.decode("utf-8", "replace"))
    if pack is None or not {"rules"} <= pack.keys() <= {"rules", "kind", "about"}:
        return None
    rules = pack.pop("rules")
    try:
        return msgspec.convert([pack | entry for entry in rules], tuple[Rule, ...])
    except msgspec.ValidationError:
        return None


def _convert(name: str, entry: Node, common: dict[str, object]) -> Rule:
    try:
        return msgspec.convert(common | entry.plain() if isinstance(entry.value, dict) else entry.plain(), Rule)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        field = re.match(r"\.([a-z-]+)", place)
        line = entry.at([field[1]]).line if field else entry.line
        unknown = re.search(r"unknown field `([^`]*)`", what)
        if unknown:
            line = (entry.key_lines or {}).get(unknown[1], line)
            known = [field.encode_name for field in msgspec.structs.fields(Rule)]
            near = difflib.get_close_matches(unknown[1], known, n=1)
            raise UsageError(
                f"{name}:{line}: unknown key {unknown[1]}", f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            ) from None
        where = f"{field[1]}: " if field else ""
        raise UsageError(f"{name}:{line}: {where}{what[:1].lower()}{what[1:]}") from None


def _refusal(name: str, entry: Node, rule: str) -> Refuse:
    def refuse(key: str, what: str, hint: str = "") -> UsageError:
        return UsageError(f"{name}:{entry.at([key]).line}: {rule or 'rule'}: {what}", hint)

    return refuse


class Refuse(Protocol):
    """Makes the error for a key of a rule, with its file and line."""

    def __call__(self, key: str, what: str, hint: str = "") -> UsageError:
        """Return the error."""
        ...


def check_rule(rule: Rule, refuse: Refuse, *, limit: int = MAX_PATTERN) -> None:
    """Refuse what the engine could not run, or what could make it run for ever; raises what ``refuse`` makes."""
    if not ID.fullmatch(rule.id):
        raise refuse("id", "an id is lower-case words with hyphens")
    if len(rule.pattern) > limit:
        raise refuse("pattern", f"the pattern is longer than {limit} characters", "split the rule")
    if not 16 <= rule.reach <= MAX_REACH:
        raise refuse("reach", f"reach must lie between 16 and {MAX_REACH} bytes")
    if any(word != word.lower() or not 2 <= len(word) <= 64 for word in rule.keywords + rule.near):
        raise refuse("keywords" if rule.keywords else "near", "keywords are lower-case, 2 to 64 characters")
    if rule.credential and not rule.near:
        raise refuse("credential", "credential is for rules with near", "write the context into the pattern")
    if re.search(r"(?<!\\)(?:\\\\)*(?:\\[1-9]|\(\?P=)", rule.pattern):
        raise refuse("pattern", "back-references are not supported")
    if re.search(r"\)[*+]|\{\d*,\}\)[*+{]|[*+]\)(?:[*+]|\{\d+,)", rule.pattern):
        raise refuse("pattern", "a repeated group without an upper bound can take for ever", "write a bound such as {1,40}")
    try:
        re.compile(rule.probe)
    except (re.error, OverflowError, RecursionError):
        raise refuse("probe", "the probe is not a usable regular expression") from None
    try:
        pattern = compiled(rule)
    except (re.error, OverflowError, RecursionError, UnicodeEncodeError) as error:
        raise refuse("pattern", f"not a usable regular expression: {error}") from None
    group = rule.value_group
    if (isinstance(group, str) and group not in pattern.groupindex) or (isinstance(group, int) and not 0 <= group <= pattern.groups):
        raise refuse("group", f"the pattern has no group {group}")
    if pattern.match(b""):
        raise refuse("pattern", "the pattern matches the empty text")


def digest(texts: Iterable[tuple[str, bytes]]) -> str:
    """Name a set of rule packs by content, for caches."""
    total = hashlib.sha256(b"%d" % FORMAT)
    for name, content in texts:
        total.update(b"%d:%d:" % (len(name.encode("utf-8", "replace")), len(content)) + name.encode("utf-8", "replace") + content)
    return total.hexdigest()


def freeze(rules: Iterable[Rule]) -> bytes:
    """Write parsed rules as JSON."""
    return msgspec.json.encode(tuple(rules))


def thaw(content: bytes) -> tuple[Rule, ...] | None:
    """Read what ``freeze`` wrote; None where it is anything else."""
    try:
        return msgspec.json.decode(content, type=tuple[Rule, ...])
    except (msgspec.DecodeError, RecursionError):
        return None
