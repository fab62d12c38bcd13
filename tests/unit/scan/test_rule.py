# SPDX-License-Identifier: Apache-2.0
"""Rule packs are read strictly: every mistake is named with file and line."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.scan.rule import freeze, parse_pack, thaw

GOOD = """\
kind: own
rules:
  - id: acme-token
    title: Acme token
    severity: high
    keywords: [acme_]
    pattern: 'acme_[a-z0-9]{20}'
    source: https://docs.builds.dev/tokens
    hint: revoke it
    examples: ['acme_{lowernum:20}']
"""


def test_good_pack_is_read_with_its_kind() -> None:
    (rule,) = parse_pack("own.yml", GOOD.encode())
    assert (rule.id, rule.kind, rule.reach) == ("acme-token", "own", 1024)


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("severity: high", "severity: awful", 5, "severity"),
        ("severity: high", "sevrity: high", 5, "unknown key sevrity"),
        ("acme_[a-z0-9]{20}", "acme_[a-z0-9{20}", 7, "regular expression"),
        ("acme_[a-z0-9]{20}", "(acme_)[a-z0-9]{20}\\1", 7, "back-references"),
        ("acme_[a-z0-9]{20}", "acme_(?:[a-z]+)+x", 7, "repeated group"),
        ("acme_[a-z0-9]{20}", "(?:acme_)?", 7, "empty text"),
        ("acme_[a-z0-9]{20}", "acme_" + "x" * 3000, 7, "longer than"),
        ("acme_[a-z0-9]{20}", "acme_[a-z]{99999999999}", 7, "regular expression"),
        ("keywords: [acme_]", "keywords: [ACME]", 6, "lower-case"),
        ("id: acme-token", "id: Acme Token", 3, "lower-case words"),
        ("hint: revoke it", "hint: revoke it\n    group: value", 10, "no group value"),
        ("hint: revoke it", "hint: revoke it\n    reach: 9999999", 10, "reach"),
        ("    hint: revoke it\n", "", 3, "hint"),
        ("kind: own", "knd: own", 1, "unknown key knd"),
        ("rules:\n", "rules: 5\nx:\n", 3, "unknown key x"),
    ],
)
def test_mistake_is_named_with_file_and_line(old: str, new: str, place: int, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_pack("own.yml", GOOD.replace(old, new).encode())
    assert caught.value.what.startswith(f"own.yml:{place}:")
    assert words in caught.value.what


def test_unknown_key_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        parse_pack("own.yml", GOOD.replace("keywords:", "keyword:").encode())
    assert caught.value.hint == "did you mean keywords?"


def test_parsed_rules_survive_the_cache_and_rubbish_does_not() -> None:
    rules = parse_pack("own.yml", GOOD.encode())
    assert thaw(freeze(rules)) == rules
    for rubbish in (b"", b"[]x", b"{}", b'[{"id": 5}]', b"\xff" * 50, b"[" * 100_000):
        assert thaw(rubbish) is None
