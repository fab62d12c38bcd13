# SPDX-License-Identifier: Apache-2.0
"""Lists of other scanners: by value where they know it, by place where they do not, and never more than that."""

from __future__ import annotations

import hashlib
import json

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.location import Location
from pipeline_guard.scan.foreign import Known, parse

VALUE = b"not-a-real-value-1234"
COMMIT = "ab" * 20


def at(path: str = "src/a.py", line: int = 3, commit: str = "") -> Location:
    return Location(path, line, 1, line, 9, 0, 8, commit)


def known(content: object, name: str = "x") -> Known:
    return parse(content.encode() if isinstance(content, str) else json.dumps(content).encode(), name)


def test_ignore_file_means_the_place_and_the_commit_where_both_name_one() -> None:
    found = known(f"# comment\n\n{COMMIT}:src/a.py:some-rule:3\nb:c.txt:generic:7\n")
    assert len(found) == 2
    assert found.means(at(commit=COMMIT), VALUE)
    assert found.means(at(), VALUE), "a tree has no commits: the place is what there is"
    assert not found.means(at(commit="cd" * 20), VALUE)
    assert not found.means(at(line=4), VALUE)
    assert not found.means(at("src/b.py"), VALUE)
    assert found.means(at("b:c.txt", 7, COMMIT), VALUE)


def test_report_means_its_values_wherever_they_went_and_no_changed_one() -> None:
    found = known([{"RuleID": "r", "File": "src/a.py", "StartLine": 3, "Commit": COMMIT, "Secret": VALUE.decode()}])
    assert found.means(at("moved.py", 99), VALUE)
    assert not found.means(at(), VALUE + b"5"), "same place, another value: new"


@pytest.mark.parametrize("secret", ["REDACTED", "not-a...", "", None])
def test_redacted_report_falls_back_on_places(secret: str | None) -> None:
    found = known([{"File": "./src\\a.py", "StartLine": 3, "Secret": secret}])
    assert found.means(at(), VALUE)
    assert not found.means(at(line=4), VALUE)


def test_hashes_of_detect_secrets_are_recomputed() -> None:
    digest = hashlib.sha1(VALUE, usedforsecurity=False).hexdigest()
    found = known({"version": "1.5.0", "results": {"src/a.py": [{"type": "Secret Keyword", "hashed_secret": digest, "line_number": 3}]}})
    assert found.means(at("moved.py", 1), VALUE)
    assert not found.means(at(), VALUE + b"5")


def test_baseline_of_kingfisher_means_places() -> None:
    found = known(
        'ExactFindings:\n  matches:\n    - filepath: src/a.py\n      fingerprint: "d6be"\n      linenum: 3\n      lastupdated: x\n'
    )
    assert found.means(at(), VALUE)
    assert not found.means(at(line=4), VALUE)


@pytest.mark.parametrize(
    "content",
    [
        "this is prose\n",
        "a:b\n",
        "path:rule:line\n",
        "{}",
        "[5]",
        '[{"File": 5, "StartLine": 1}]',
        '{"results": {"a": [{}]}}',
        '{"results": {"a": 5}}',
        '{"results": {"a": [{"hashed_secret": "x"}]}}',
        "ExactFindings:\n  matches:\n    - filepath: a\n",
        "[1, ",
    ],
)
def test_anything_else_is_refused_by_name(content: str) -> None:
    with pytest.raises(UsageError, match=r"known\.txt"):
        known(content, "known.txt")
