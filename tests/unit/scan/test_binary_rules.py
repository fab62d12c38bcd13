# SPDX-License-Identifier: Apache-2.0
"""Key stores go through the whole detector as any file does, with and without the engine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.model.entry import Entry
from pipeline_guard.model.finding import Confidence, Severity
from pipeline_guard.scan.detect import Detector
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.report import Judgement, findings
from pipeline_guard.scan.rule import parse_pack
from pipeline_guard.scan.sample import expand_bytes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RULES = [
    rule for name, content in PackagedRules().texts() for rule in parse_pack(name, content) if rule.kind in ("private-keys", "wallets")
]


class Nothing:
    """A cache that keeps nothing."""

    def get(self, name: str) -> bytes | None:
        """Return nothing."""

    def put(self, name: str, content: bytes) -> None:
        """Keep nothing."""


ENGINES = {
    name: Detector(RULES, Prefilter(RULES, "digest", Nothing(), engine=engine, eager=True))
    for name, engine in (("hyperscan", True), ("python", False))
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("template", "rule", "severity", "confidence"),
    [
        ("{make:pkcs12}", "pkcs12-keystore", Severity.CRITICAL, Confidence.VERIFIED),
        ("{make:pkcs12-sealed}", "pkcs12-keystore", Severity.MEDIUM, Confidence.HIGH),
        ("{make:java-keystore}", "java-keystore", Severity.CRITICAL, Confidence.VERIFIED),
        ("{make:java-keystore-sealed}", "java-keystore", Severity.MEDIUM, Confidence.HIGH),
        ("{make:pgp-keyring}", "gpg-secret-keyring", Severity.CRITICAL, Confidence.VERIFIED),
        ("{make:der-p256}", "der-private-key", Severity.CRITICAL, Confidence.VERIFIED),
        ("{make:der-ed25519}", "der-private-key", Severity.CRITICAL, Confidence.VERIFIED),
    ],
)
def test_key_store_is_found_whatever_it_is_called(
    engine: str, template: str, rule: str, severity: Severity, confidence: Confidence
) -> None:
    data = expand_bytes(template)
    found, unchecked = findings(Entry("photo.jpg", data), ENGINES[engine], Judgement(NOW, lambda _rule, _value: "f"))
    assert [(one.rule, one.severity, one.confidence) for one in found] == [(rule, severity, confidence)]
    assert (found[0].location.byte_start, unchecked) == (0, [])


@pytest.mark.parametrize("engine", ENGINES)
def test_store_of_certificates_and_other_binaries_are_left_alone(engine: str) -> None:
    for data in (
        expand_bytes("{make:java-truststore}"),
        b"\x7fELF" + bytes(range(256)) * 40,
        b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0\1\2\3" * 500,
    ):
        assert findings(Entry("lib.so", data), ENGINES[engine], Judgement(NOW, lambda _rule, _value: "f")) == ([], [])
