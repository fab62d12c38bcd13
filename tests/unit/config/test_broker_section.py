# SPDX-License-Identifier: Apache-2.0
"""A broker's section, and a store that is a broker: what cannot be meant is refused with its line."""

from __future__ import annotations

import pytest

from pipeline_guard.config import api_of, parse
from pipeline_guard.errors import UsageError

WHOLE = """version: 1
store: {url: "https://broker.example.com", audience: prod, ca: ca.pem}
broker:
  listen: 0.0.0.0:8443
  address: https://broker.example.com
  certificate: a.pem
  key: b.pem
  rates: {job: 5}
  issuers:
    - {url: "https://token.actions.githubusercontent.com", kind: github}
    - {url: "https://gitlab.example.com", kind: gitlab, jwks: keys.json, before-18-4: true}
policy:
  canaries: [bait]
  secret-approvals: [{secrets: [root], threshold: 1, approvers: {alice: alice.pem}}]
"""


def test_whole_section_is_read() -> None:
    config = parse(WHOLE.encode())
    assert config.broker.issuers[1].before_18_4
    assert (config.broker.rates.job, config.broker.rates.issuer) == (5, 6000)
    assert (config.store.audience, config.policy.canaries) == ("prod", ("bait",))


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("0.0.0.0:8443", ":8443", "names no host and port"),
        ("0.0.0.0:8443", "host:99999", "names no host and port"),
        ("https://broker.example.com\n", "http://broker.example.com\n", "no https URL"),
        ("https://broker.example.com\n", "https://broker.example.com/\n", "no https URL"),
        ("  key: b.pem\n", "", "belong together"),
        ("{job: 5}", "{job: 0}", "lets nobody in"),
        ("kind: github", "kind: svn", "is not one of its values"),
        ('url: "https://gitlab.example.com"', 'url: "http://gitlab.example.com"', "have https URLs"),
        ("https://gitlab.example.com", "https://token.actions.githubusercontent.com", "names one issuer twice"),
        ("jwks: keys.json", "jwks: keys.json, algorithms: [HS256]", "is not one of its values"),
        ("jwks: keys.json", "jwks: keys.json, algorithms: []", "at least one algorithm"),
        ("jwks: keys.json", "jkws: keys.json", "unknown key jkws"),
        ('url: "https://broker.example.com"', 'url: "https://user:pw@broker.example.com"', "password has no place"),
        ('url: "https://broker.example.com"', 'url: "ftp://broker.example.com"', "nor of a broker"),
        ("threshold: 1", "threshold: 2", "2 of 1 approvers"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(before: str, after: str, word: str) -> None:
    assert before in WHOLE
    with pytest.raises(UsageError) as refused:
        parse(WHOLE.replace(before, after, 1).encode())
    assert word in refused.value.what


@pytest.mark.parametrize(
    ("grant", "word"),
    [
        ("patterns: {repository_id: '1*'}", "takes no pattern"),
        ("patterns: {ref: '**'}", "stays within one segment"),
        ("patterns: {ref: '*'}", "names nothing"),
        ("patterns: {ref: []}", "matches nothing"),
        ("uses: -1", "less than nothing"),
    ],
)
def test_grant_that_cannot_be_meant_is_refused(grant: str, word: str) -> None:
    text = f"version: 1\npolicy: {{grants: [{{issuer: 'https://i', secrets: [a], claims: {{repository_id: '1'}}, {grant}}}]}}\n"
    with pytest.raises(UsageError) as refused:
        parse(text.encode())
    assert word in refused.value.what + refused.value.hint


WATCHED = """version: 1
broker:
  issuers:
    - {url: "https://token.actions.githubusercontent.com", kind: github, watch: {app: "4711", key: github-app}}
    - {url: "https://ghes.example/_services/token", kind: github, watch: {token: "file:/run/token", api: "https://ghes.example/api/v3", every: 30s}}
    - {url: "https://gitlab.example.com", kind: gitlab, watch: {token: "secret:gitlab/watch", questions: 60}}
"""


def test_forge_is_asked_at_its_own_address_where_that_is_known() -> None:
    issuers = parse(WATCHED.encode()).broker.issuers
    assert [api_of(each) for each in issuers] == ["https://api.github.com", "https://ghes.example/api/v3", "https://gitlab.example.com"]
    assert [each.watch and (each.watch.every, each.watch.questions) for each in issuers] == [("1m", 3000), ("30s", 3000), ("1m", 60)]


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ('app: "4711", key: github-app', 'app: "4711"', "in no way, or in two"),
        ('app: "4711", key: github-app', "every: 1m", "in no way, or in two"),
        ('app: "4711", key: github-app', 'app: "4711", key: github-app, token: "secret:x"', "in no way, or in two"),
        ('app: "4711"', "app: name", "the App's number"),
        ('token: "secret:gitlab/watch"', 'app: "4711", key: k', "in no way, or in two"),
        ('token: "secret:gitlab/watch"', "token: glpat-in-the-clear", "no reference"),
        ('token: "secret:gitlab/watch"', 'token: "env:HOME"', "no reference"),
        (', api: "https://ghes.example/api/v3"', "", "must be an https URL"),
        ("https://ghes.example/api/v3", "http://ghes.example/api/v3", "must be an https URL"),
        ("questions: 60", "questions: 0", "at least 1 an hour"),
        ("every: 30s", "every: soon", "not a duration"),
        ("kind: gitlab", "kind: forgejo", "for GitHub and GitLab"),
        ("questions: 60", "question: 60", "unknown key question"),
    ],
)
def test_way_to_ask_a_forge_that_cannot_be_meant_is_refused(before: str, after: str, word: str) -> None:
    assert before in WATCHED
    with pytest.raises(UsageError) as refused:
        parse(WATCHED.replace(before, after, 1).encode())
    assert word in refused.value.what
