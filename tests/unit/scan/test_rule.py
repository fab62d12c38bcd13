# SPDX-License-Identifier: Apache-2.0
"""Rule packs are read strictly: every mistake is named with file and line."""

from __future__ import annotations

import re

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.scan.coarse import probes
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
        ("hint: revoke it", "hint: revoke it\n    credential: true", 10, "near"),
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


NEAR = """\
rules:
  - id: acme-key
    title: Acme key
    severity: high
    near: [acme]
    credential: true
    pattern: '[a-f0-9]{40}'
    source: https://docs.builds.dev/keys
    hint: revoke it
    examples: ['ACME_KEY={hex:40}']
"""
VALUE = "0b5c" * 3 + "7e21d09a" * 3 + "4f6c"


@pytest.mark.parametrize(
    "text",
    [
        "ACME_API_KEY=%s",
        "acme.api.key: %s",
        "  acmeSecret: '%s',",
        'const acmeToken: string = "%s"',
        'os.getenv("ACME_TOKEN", "%s")',
        "process.env.ACME_TOKEN || '%s'",
        '{"name": "ACME_API_KEY", "value": "%s"}',
        '<add key="AcmeApiKey" value="%s" />',
        "ENV ACME_API_KEY %s",
        "acme login --api-key %s",
        'Acme(api_key="%s")',
        'acme: { token: "%s" }',
        'acme["secret"] = "%s"',
        'acme.setApiKey("%s")',
        "https://api.acme.dev/v1/builds?page=2&api_key=%s",
        'curl https://api.acme.dev/v1 -H "Authorization: Bearer %s"',
        'curl https://api.acme.dev/v1 -H "X-Api-Key: %s"',
        "acmeSECRET-%s",
        "acme-PRIVATE-key-%s",
        "acme_access_key_%s",
        "acme.token'%s'",
        "acme token is %s",
        "ACME   - _ api -  _KEY = %s",
        "acme_api_key '  =  : \" = %s",
        "ACME=%s",
    ],
)
def test_credential_of_a_vendor_is_found_where_people_write_it(text: str) -> None:
    (rule,) = parse_pack("own.yml", NEAR.encode())
    line = text % VALUE
    found = re.search(rule.expression, line)
    assert found
    assert found["value"] == VALUE
    (probe,), _ = probes([rule])
    assert re.search(probe.expression, line)


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/acme/app/commit/%s",
        "acme: %s",
        'acme_commit = "%s"',
        'acme_sha1: "%s"',
        'acme_key_id: "%s"',
        'ACME_PUBLIC_KEY="%s"',
        'acmePublicKey="%s"',
        "acme_key_name=%s",
        'placme_key = "%s"',
        "acme key in the log of %s",
    ],
)
def test_what_is_no_credential_of_a_vendor_is_left_alone(text: str) -> None:
    (rule,) = parse_pack("own.yml", NEAR.encode())
    assert not re.search(rule.expression, text % VALUE)


def test_name_of_a_vendor_alone_may_hold_a_key_that_is_no_digest() -> None:
    (rule,) = parse_pack("own.yml", NEAR.replace("[a-f0-9]{40}", "[A-Za-z0-9]{24}").encode())
    assert re.search(rule.expression, "ACME=" + "Ab3dEf6hJk9mNp2qRs5tUv8x")


def test_word_behind_a_hyphen_is_no_value() -> None:
    (rule,) = parse_pack("own.yml", NEAR.replace("[a-f0-9]{40}", "[A-Za-z0-9_-]{20,40}").encode())
    assert not re.search(rule.expression, "acme-secret-key-manager-configuration-two")
