# SPDX-License-Identifier: Apache-2.0
"""Files of gitleaks: what they demand holds here, and what is not understood is refused with its line."""

from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.scan.condition import Conditions
from pipeline_guard.scan.gitleaks import parse
from pipeline_guard.scan.rule import Rule

SAMPLE = """title = "ours"
minVersion = "v8.25.0"

[extend]
useDefault = true

[[rules]]
id = "Acme_Token"
description = "Acme token"
regex = '''(?i)\\bacme[_-]?key\\s*=\\s*"([a-z0-9]{16})"'''
entropy = 2.5
keywords = ["ACME"]
tags = ["ours"]
path = '''\\.conf$'''

  [[rules.allowlists]]
  condition = "AND"
  paths = ['''^test/''']
  stopwords = ["Dummy"]

  [[rules.allowlists]]
  regexTarget = "line"
  regexes = ['''# harmless$''']

[[rules]]
id = "two"
regex = '''two-(a)|(b)'''

[[allowlists]]
description = "fixtures"
paths = ['''(?:^|/)fixtures/''']
commits = ["DEADBEEF"]

[[allowlists]]
targetRules = ["two"]
regexes = ['''two-a''']
regexTarget = "match"
"""


def read(text: str) -> tuple[list[Rule], Conditions]:
    conditions = Conditions()
    return parse("./.gitleaks.toml", text.encode(), conditions), conditions


def texts(secret: bytes, match: bytes = b"", line: bytes = b"") -> dict[str, bytes]:
    return {"secret": secret, "match": match or secret, "line": line or secret}


def test_rules_become_ours() -> None:
    (acme, two), _ = read(SAMPLE)
    assert (acme.id, acme.title, acme.severity, acme.entropy, acme.group, acme.kind) == (
        "gitleaks-acme-token", "Acme token", "high", 2.5, 1, "gitleaks",
    )  # fmt: skip
    assert (two.id, two.title, two.group) == ("gitleaks-two", "two", 0), "of several groups any may be the one"


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("a.conf", b"acme", True),
        ("a.txt", b"acme", False),
        ("a.conf", b"other", False),
    ],
)
def test_path_and_keywords_of_a_rule_are_demanded(path: str, text: bytes, kept: bool) -> None:
    _, conditions = read(SAMPLE)
    assert conditions.keeps("gitleaks-acme-token", path, "", lambda: text, texts(b"secret").__getitem__) is kept
    assert conditions.keeps("github-token", path, "", lambda: text, texts(b"secret").__getitem__), "other rules are not theirs"


@pytest.mark.parametrize(
    ("path", "found", "kept"),
    [
        ("test/a.conf", texts(b"a-dummy-b"), False),
        ("test/a.conf", texts(b"a-real-b"), True),
        ("live/a.conf", texts(b"a-dummy-b"), True),
        ("live/a.conf", texts(b"x", line=b"acme # harmless"), False),
        ("live/a.conf", texts(b"x", line=b"acme # harmless not"), True),
    ],
)
def test_allowlist_of_a_rule_drops_what_it_covers(path: str, found: dict[str, bytes], kept: bool) -> None:
    _, conditions = read(SAMPLE)
    assert conditions.keeps("gitleaks-acme-token", path, "", lambda: b"acme", found.__getitem__) is kept


def test_allowlist_of_the_file_holds_for_every_rule_or_those_it_names() -> None:
    _, conditions = read(SAMPLE)
    plain = texts(b"x").__getitem__
    assert conditions.lets_pass("github-token", "a/fixtures/b", "", plain)
    assert conditions.lets_pass("github-token", "a", "deadbeef", plain)
    assert not conditions.lets_pass("github-token", "a", "", plain)
    assert conditions.lets_pass("gitleaks-two", "a", "", texts(b"x", match=b"two-a").__getitem__)
    assert not conditions.lets_pass("github-token", "a", "", texts(b"x", match=b"two-a").__getitem__)


RULE = "[[rules]]\nid = 'a'\nregex = 'abc'\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[[rules]]\nid = 'a'\n", 1, "without a regex"),
        ("[[rules]]\nregex = 'a'\n", 1, "needs an id"),
        (RULE + "\n[[rules]]\nid = 'b'\nregex = '''(?<=a)b'''\n", 7, "not a usable regular expression"),
        (RULE + "\n[[rules]]\nid = 'b'\nregex = '''[a'''\n", 7, "not a usable regular expression"),
        ("[[rules]]\nid = 'a'\nregex = '''(a+)+b'''\n", 3, "for ever"),
        ("[[rules]]\nid = 'a'\nregex = '''" + "a" * 9000 + "'''\n", 3, "longer than"),
        ("[[rules]]\nid = 'a'\nregex = '''a*'''\n", 3, "empty text"),
        (RULE + "secretGroup = 2\n", 4, "no group 2"),
        (RULE + "secretGroup = 'x'\n", 4, "must be a number"),
        (RULE + "entropy = 'high'\n", 4, "must be a number"),
        (RULE + "keywords = 'x'\n", 4, "list of texts"),
        (RULE + "skipReport = true\n", 4, "skipReport is not supported"),
        (RULE + "[[rules.required]]\nid = 'b'\n", 4, "required is not supported"),
        (RULE + "[[rules.allowlists]]\nregexTarget = 'file'\nregexes = ['a']\n", 5, "one of secret, match, line"),
        (RULE + "[[rules.allowlists]]\ncondition = 'XOR'\nregexes = ['a']\n", 5, "OR or AND"),
        (RULE + "[[rules.allowlists]]\ndescription = 'x'\n", 4, "needs commits"),
        (RULE + "[allowlist]\npaths = ['(']\n", 5, "not a usable regular expression"),
        (RULE + "[allowlist]\nwhatever = 1\n", 5, "whatever is not supported"),
        ("[extend]\npath = 'x'\n", 1, "only useDefault"),
        ("title = 'x'\n", 1, "neither rules nor allowlists"),
        ("verify = true\n", 1, "verify is not supported"),
        ("[[rules]\n", 1, "not valid TOML"),
        ("rules = 5\n", 1, "must be a list"),
        ("rules = [5]\n", 1, "must be a list"),
    ],
)
def test_what_is_not_understood_is_refused_with_file_and_line(text: str, line: int, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert caught.value.what.startswith(f"./.gitleaks.toml:{line}: "), caught.value.what
    assert what in caught.value.what


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        parse("x.toml", b"\xff", Conditions())
