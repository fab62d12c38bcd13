# SPDX-License-Identifier: Apache-2.0
"""Every rule that ships proves itself, and says where its format is documented."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.scan.proof import PROOFS, State
from pipeline_guard.scan.prove import fires, prove
from pipeline_guard.scan.rule import Rule, parse_pack
from pipeline_guard.scan.sample import expand

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RULES = [rule for name, content in PackagedRules().texts() for rule in parse_pack(name, content)]


def test_there_are_many_rules_with_distinct_ids() -> None:
    assert len(RULES) >= 600
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_finds_its_examples_and_not_its_counterexamples(rule: Rule) -> None:
    assert prove(rule, NOW) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_says_where_its_format_is_documented_and_what_to_do(rule: Rule) -> None:
    assert rule.source.startswith("https://")
    assert rule.hint
    assert rule.about
    assert rule.title


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_match_is_never_longer_than_the_reach(rule: Rule) -> None:
    # re._parser is private; a test may look where the product must not
    width = re._parser.parse(rule.expression).getwidth()[1]
    assert width <= 2 * rule.reach + 4096, width
    assert width < 2**16


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.keywords], ids=lambda rule: rule.id)
def test_examples_hold_a_keyword_in_what_matches(rule: Rule) -> None:
    for template in rule.examples:
        assert any(word in expand(template, rule.id).lower() for word in rule.keywords)


PROVED = [rule for rule in RULES if rule.proof and rule.proof not in ("url-password", "basic-auth", "discord-bot")]


@pytest.mark.parametrize("rule", PROVED, ids=lambda rule: rule.id)
def test_first_example_of_a_proof_is_not_contradicted(rule: Rule) -> None:
    found = fires(rule, expand(rule.examples[0], rule.id).encode(), NOW)
    assert {candidate.proof.state for candidate in found} <= {State.VERIFIED, State.NO_TEST}


def test_every_proof_is_used_by_a_rule() -> None:
    assert {rule.proof for rule in RULES if rule.proof} == set(PROOFS)


def test_every_generic_rule_leaves_source_code_alone() -> None:
    generic = [rule for rule in RULES if rule.generic]
    for text in (
        'password = input("Password: ")',
        "self.token = token",
        'api_key = os.environ["API_KEY"]',
        "const secret = process.env.SECRET;",
        'password_field = "user_password"',
        'integrity: "sha512-' + "aB3" * 28 + '=="',
        "image: registry.builds.dev/app@sha256:" + "0123456789abcdef" * 4,
        'commit_token = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"',
        'token: "{{ secrets.TOKEN }}"',
        'password: "<your password>"',
        "PASSWORD=changeme",
        'key = "xxxxxxxxxxxxxxxxxxxx"',
        'secret = "my-super-secret-name"',
        'public_key = "ssh-rsa ' + "AAAAB3NzaC1yc2E" + 'AAAADAQABAAABgQC7"',
    ):
        assert not [candidate.rule.id for rule in generic for candidate in fires(rule, text.encode(), NOW)], text
