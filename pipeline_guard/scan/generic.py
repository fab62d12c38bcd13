# SPDX-License-Identifier: Apache-2.0
"""Values without a format of their own: judged by what they are called and how they look."""

from __future__ import annotations

import re

from pipeline_guard.scan import filters
from pipeline_guard.scan.rule import Rule

_MEANT_OTHERWISE = re.compile(
    rb"(?i)(?:mock|fake|dummy|example|sample|test_data|public|pub|hash|digest|checksum|sha\d*|md5|csrf|xsrf|next|page|cursor|continuation|cache|primary|foreign|sort|"
    rb"partition|translation|i18n|lang|label|message|error|hint|help|placeholder|regex|pattern|path|file|dir|folder|name|url|uri|endpoint|type|kind|count|length|limit|size|"
    rb"max|min|expir\w*|ttl|id|ids|field|column|policy|prompt|title|text|description|reset|forgot|confirm|validat\w*|input|issuer|version|format|prefix|suffix|header)$"
)


_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"


def is_generic_secret(rule: Rule, match: re.Match[bytes], value: bytes) -> bool:
    """Judge a value by what it is called and how it looks."""
    groups = match.groupdict()
    name = groups.get("name") or b""
    if name:  # patterns begin at the word that tells; the rest of the name stands before it
        begin = match.start("name")
        head = match.string[max(begin - 50, 0) : begin]
        name = head[len(head.rstrip(_NAME_BYTES)) :] + name
        if head.rstrip(_NAME_BYTES).endswith(b"::"):
            return False  # a type, as CloudFormation and C++ write it
    name = name.rstrip(b"_-. ")
    if name and _MEANT_OTHERWISE.search(re.sub(rb"([a-z0-9])([A-Z])", rb"\1_\2", name).rpartition(b"_")[2]):
        return False
    if name and re.search(rb"(?i)(?:next|change|page|pagination|continuation|sync)[_.-]?token$", name):
        return False
    if name and re.search(rb"(?i)(?:^|[_.-])(?:mock|fake|dummy|example|sample|public|pub|csrf|xsrf)[_.-]?", name):
        return False
    strict = rule.id.endswith("-bare")
    if name and value.lower().replace(b"_", b"").replace(b"-", b"") in name.lower().replace(b"_", b"").replace(b"-", b""):
        return False
    if rule.id.startswith("generic-secret") and re.search(rb"\s", value):
        return False
    start = match.start("value") - match.start() if "value" in groups else 0
    if b"," in match.group()[len(groups.get("name") or b"") : start] and not re.search(rb"\d", value):
        return False  # two neighbours in a list of words
    if filters.hides_placeholder(value):
        return False
    return not filters.is_plain(value, strict=strict) and _is_rich(
        value, strict=strict, password=b"pass" in name.lower() or b"pwd" in name.lower()
    )


def _is_rich(value: bytes, *, strict: bool, password: bool) -> bool:
    """Tell whether a value has what random or chosen secrets have and words lack."""
    kinds = filters.classes(value)
    if password:
        return kinds >= 2 and len(value) >= (6 if strict else 5) and len(set(value)) >= 4
    if len(value) >= 20:
        return kinds >= 2 and filters.entropy(value) >= 2.6 and bool(re.search(rb"[\d+/=]", value))
    return kinds >= 2 and bool(re.search(rb"\d", value)) and filters.entropy(value) >= 2.5
