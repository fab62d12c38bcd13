# SPDX-License-Identifier: Apache-2.0
"""Detection: the same with and without Hyperscan, one finding a place, bounded on hostile texts."""

from __future__ import annotations

import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.model.finding import Confidence, Severity
from pipeline_guard.scan.detect import Candidate, Detector
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.rule import Rule, compiled, parse_pack
from pipeline_guard.scan.ruleset import load
from pipeline_guard.scan.sample import expand

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class MemoryCache(dict[str, bytes]):
    """A cache that lasts as long as the test; ``dict.get`` is its door already."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the content."""
        self[name] = content


CACHE = MemoryCache()
RULES = load(PackagedRules(), CACHE)


def detector(*, engine: bool) -> Detector:
    return Detector(RULES.rules, Prefilter(RULES.rules, RULES.digest, CACHE, engine=engine, eager=True))


FAST, PURE = detector(engine=True), detector(engine=False)


def places(found: list[Candidate]) -> list[tuple[str, int, int]]:
    return [(one.rule.id, one.start, one.end) for one in found]


def only(text: str, path: str = "") -> Candidate:
    (found,) = PURE.detect(text.encode(), NOW, path=path)
    return found


FRAGMENTS = [expand(template, rule.id) for rule in RULES.rules for template in (*rule.examples, *rule.counterexamples)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=40), st.sampled_from(["\n", " ", "=", '"', ":", "-", "a" * 30])), max_size=14
    )
)
def test_findings_do_not_depend_on_the_engine(parts: list[str]) -> None:
    text = "".join(parts).encode("utf-8", "replace")
    assert places(FAST.detect(text, NOW)) == places(PURE.detect(text, NOW))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(FRAGMENTS), st.binary(max_size=400))
def test_random_bytes_around_a_secret_change_nothing_between_the_engines(before: bytes, sample: str, after: bytes) -> None:
    text = before + sample.encode() + after
    assert places(FAST.detect(text, NOW)) == places(PURE.detect(text, NOW))


def test_real_text_gives_the_same_with_both_engines() -> None:
    folder = Path(re.__file__).parent.parent
    for path in sorted(folder.glob("*.py"))[:60]:
        text = path.read_bytes()
        assert places(FAST.detect(text, NOW, path=path.name)) == places(PURE.detect(text, NOW, path=path.name)), path
    everything = "\n".join(FRAGMENTS).encode()
    assert places(FAST.detect(everything, NOW)) == places(PURE.detect(everything, NOW))
    assert len(FAST.detect(everything, NOW)) > 200


def test_every_rule_gives_the_same_in_windows_as_on_the_whole_text() -> None:
    text = ("\n".join(FRAGMENTS) + " filler" * 500).encode()
    low = text.lower()
    from pipeline_guard.scan.detect import matches

    for rule in RULES.rules:
        whole = [
            match.span(rule.value_group)
            for match in compiled(rule).finditer(text)
            if not rule.anchors or any(word.encode() in match.group().lower() for word in rule.anchors)
        ]
        windows = [match.span(rule.value_group) for match in matches(rule, text, low)]
        assert set(whole) <= set(windows), rule.id


def test_specific_rule_wins_over_a_generic_one_for_the_same_value() -> None:
    assert only('api_token = "' + expand("ghp_{crc62:30}") + '"').rule.id == "github-token"
    assert only("DB_URL=postgres://app:" + expand("npm_{crc62:30}") + "@db.builds.dev/app").rule.id == "npm-token"


def test_proof_raises_confidence_and_its_failure_lowers_severity() -> None:
    token = expand("ghp_{crc62:30}")
    assert only(token).confidence is Confidence.VERIFIED
    mutated = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert (only(mutated).confidence, only(mutated).severity) == (Confidence.CONTRADICTED, Severity.INFO)


def test_same_secret_twice_is_two_places() -> None:
    token = expand("ghp_{crc62:30}")
    assert len(PURE.detect(f"{token}\n{token} {token}".encode(), NOW)) == 3


def test_value_without_quotes_is_read_in_settings_and_not_in_source_code() -> None:
    text = "DB_PASSWORD = " + expand("{alnum:14}") + "7x"
    assert only(text, "settings.ini").rule.id == "generic-password-bare"
    assert PURE.detect(text.encode(), NOW, path="settings.py") == []


def test_entropy_alone_never_hides_an_explicit_assignment() -> None:
    assert only('password = "' + "Summer" + '2024!"').rule.id == "generic-password-quoted"
    assert only("DB_PASSWORD=" + "aa11bb22").rule.id == "generic-password-bare"


@pytest.mark.parametrize("engine", [FAST, PURE], ids=["hyperscan", "pure"])
@pytest.mark.parametrize(
    "line",
    [
        b"password=" * 100_000,
        b"://" * 300_000,
        b'key="' * 200_000,
        b"-----BEGIN PRIVATE KEY-----" * 40_000,
        b"eyJ" * 300_000,
        b"server=x;" * 100_000,
        b"aws_secret " * 90_000,
    ],
    ids=["assignments", "urls", "quotes", "pem", "jwt", "connections", "names"],
)
def test_line_of_nothing_but_keywords_takes_seconds(engine: Detector, line: bytes) -> None:
    begun = time.process_time()
    engine.detect(line, NOW)
    assert time.process_time() - begun < 20


def test_twenty_megabytes_on_one_line_are_read_to_their_end() -> None:
    line = b"function a(b,c){return b.token===c?d:e(f[0],'text',{key:1})};" * 330_000 + expand("ghp_{crc62:30}").encode()
    begun = time.process_time()
    assert [one.rule.id for one in FAST.detect(line, NOW, path="bundle.js")] == ["github-token"]
    assert time.process_time() - begun < 60


def test_nul_bytes_and_letters_cost_nothing() -> None:
    begun = time.process_time()
    for text in (b"\0" * 20_000_000, b"a" * 20_000_000):
        assert FAST.detect(text, NOW) == []
    assert time.process_time() - begun < 20


def test_missing_wheel_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    text = ("x\n" * 10_000 + expand("ghp_{crc62:30}")).encode()
    assert [one.rule.id for one in detector(engine=True).detect(text, NOW)] == ["github-token"]


def test_database_is_compiled_once_and_a_broken_one_is_made_again() -> None:
    cache = MemoryCache()
    rules = tuple(rule for rule in RULES.rules if rule.kind == "cloud")
    text = ("x\n" * 20_000 + expand("{make:aws-long}")).encode()

    def found() -> list[str]:
        return [one.rule.id for one in Detector(rules, Prefilter(rules, "digest", cache, eager=True)).detect(text, NOW)]

    assert found() == ["aws-access-key-id"]
    (name,) = cache
    kept = cache[name]
    for broken in (b"", b"x" * 100, kept[:-10], kept[:40] + b"\0" + kept[41:]):
        cache[name] = broken
        assert found() == ["aws-access-key-id"]
        assert len(cache[name]) == len(kept)


def test_pattern_beyond_the_engine_stays_with_python() -> None:
    pack = b"""
kind: own
rules:
  - {id: odd-one, title: t, severity: high, keywords: [odd_], pattern: '(?>odd_)[a-z]{8}(?<=q)', source: s, hint: h, examples: []}
  - {id: plain-one, title: t, severity: high, keywords: [even_], pattern: 'even_[a-z]{8}', source: s, hint: h, examples: []}
"""
    rules: tuple[Rule, ...] = parse_pack("own.yml", pack)
    text = b"odd_abcdefgq even_hgfedcba"
    found = Detector(rules, Prefilter(rules, "own", MemoryCache(), eager=True)).detect(text, NOW)
    assert [one.rule.id for one in found] == ["odd-one", "plain-one"]


def test_sequence_in_the_format_of_a_vendor_is_shown_and_fails_nothing() -> None:
    made_up = b"DEEPSEEK_API_KEY=" + b"abcdef1234567890" * 2
    assert [found.severity for found in FAST.detect(made_up, NOW)] == [Severity.INFO]
    assert "made up" in FAST.detect(made_up, NOW)[0].proof.note
    assert not FAST.detect(b"DEEPSEEK_API_KEY=" + b"a" * 32, NOW)
    assert not FAST.detect(b"DEEPSEEK_API_KEY=your-api-key-1234567890", NOW)


def test_documented_format_wins_over_the_name_of_a_service() -> None:
    text = expand("DEEPGRAM_API_KEY={hex:40}", "documented").encode()
    assert [found.rule.id for found in FAST.detect(text, NOW)] == ["deepgram-key"]
    other = expand("DEEPGRAM_API_KEY={alnum:43}7q", "other").encode()
    assert [found.rule.kind for found in FAST.detect(other, NOW)] == ["named"]
