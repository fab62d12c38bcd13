# SPDX-License-Identifier: Apache-2.0
"""What probes mean, and how long a judgement holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline_guard.adapters.hsm.probes import ATTEMPTS
from pipeline_guard.adapters.sql import boundaries
from pipeline_guard.keys.boundary import VALID, holds, judge
from pipeline_guard.model.boundary import Grade, Outcome, Probe, TokenFacts

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FACTS = TokenFacts("/lib/module.so", "ab" * 32, "Module 2.6", "1234", "token")
REFUSED = {name: Outcome.REFUSED for name, _, _ in ATTEMPTS}


def graded(**outcomes: Outcome) -> Grade:
    probes = [
        Probe(name, "", outcome, "")
        for name, outcome in {**REFUSED, **{key.replace("_", "-"): value for key, value in outcomes.items()}}.items()
    ]
    return judge(FACTS, probes, NOW).grade


def test_a_token_that_refuses_everything_is_accepted() -> None:
    assert graded() is Grade.NONE
    assert len(ATTEMPTS) >= 12


@pytest.mark.parametrize(
    "name",
    [name for name, _, _ in ATTEMPTS if name.startswith(("read-", "set-", "copy-ex", "copy-in", "wrap-aes", "wrap-rsa", "wrap-private"))],
)
def test_a_value_that_came_out_rejects(name: str) -> None:
    assert graded(**{name: Outcome.LEAKED}) is Grade.REJECT


@pytest.mark.parametrize("name", ["wrap-then-decrypt", "weak-unwrap", "wrap-to-own-pair"])
def test_what_leaks_extractable_keys_only_restricts(name: str) -> None:
    assert graded(**{name: Outcome.LEAKED}) is Grade.RESTRICT


@pytest.mark.parametrize("name", ["set-insensitive", "copy-extractable", "switch-usage-on", "derive-readable", "false-origin"])
def test_what_is_permitted_without_a_value_restricts(name: str) -> None:
    assert graded(**{name: Outcome.PERMITTED}) is Grade.RESTRICT


@pytest.mark.parametrize("name", ["end-date", "copyable", "always-authenticate", "short-gcm-tag"])
def test_what_we_do_not_rely_on_is_a_note(name: str) -> None:
    assert graded(**{name: Outcome.PERMITTED}) is Grade.NOTE
    assert graded(**{name: Outcome.UNTRIED}) is Grade.NOTE


def test_an_unknown_probe_that_fails_rejects() -> None:
    assert judge(FACTS, [Probe("read-secret", "", Outcome.REFUSED, ""), Probe("new", "", Outcome.PERMITTED, "")], NOW).grade is Grade.REJECT


def test_a_token_that_could_not_be_examined_is_rejected() -> None:
    for outcome in (Outcome.UNSUPPORTED, Outcome.UNTRIED):
        assert graded(read_secret=outcome, read_private=outcome) is Grade.REJECT
        assert graded(read_secret=outcome) in (Grade.NONE, Grade.NOTE)


def test_the_worst_comes_first() -> None:
    found = judge(FACTS, [Probe("end-date", "", Outcome.PERMITTED, ""), Probe("read-secret", "", Outcome.LEAKED, "")], NOW).findings
    assert [finding.grade for finding in found][:2] == [Grade.REJECT, Grade.REJECT]


def test_a_judgement_holds_for_the_same_token_until_it_grows_old() -> None:
    boundary = judge(FACTS, [Probe("read-secret", "", Outcome.REFUSED, "")], NOW)
    assert holds(boundary, FACTS, NOW)
    assert holds(boundary, replace(FACTS, label="renamed", module="/elsewhere.so"), NOW)
    for changed in ({"module_digest": "00"}, {"library": "Module 2.7"}, {"serial": "9"}):
        assert not holds(boundary, replace(FACTS, **changed), NOW)
    assert not holds(boundary, FACTS, NOW + VALID)
    assert not holds(boundary, FACTS, NOW - timedelta(seconds=1))
    assert not holds(None, FACTS, NOW)


def test_a_judgement_is_kept_as_text_and_anything_else_is_none() -> None:
    boundary = judge(FACTS, [Probe("end-date", "title", Outcome.PERMITTED, "how"), Probe("read-secret", "", Outcome.REFUSED, "")], NOW)
    assert boundaries.read(boundaries.write(boundary)) == boundary
    for text in ("", "{}", "[]", "null", boundaries.write(boundary).replace("permitted", "welcome"), boundaries.write(boundary)[:-5]):
        assert boundaries.read(text) is None
