# SPDX-License-Identifier: Apache-2.0
"""artifact-unverified."""

from __future__ import annotations

from pipeline_guard.gate.checks.artifact_unverified import check
from pipeline_guard.gate.facts import ArtifactFacts
from pipeline_guard.model.gate_settings import GateSettings


def test_verified_artifact_passes() -> None:
    assert list(check(ArtifactFacts("a", "verified"), GateSettings())) == []


def test_missing_and_refused_bundles_read_differently() -> None:
    (missing,) = check(ArtifactFacts("a", "missing", "there is no a.sigstore.json"), GateSettings())
    (refused,) = check(ArtifactFacts("a", "refused", "made with another key", "give the signer's"), GateSettings())
    assert (missing.what, missing.fix) == ("no bundle: there is no a.sigstore.json", "pipeline-guard sign a --key NAME")
    assert (refused.what, refused.fix) == ("does not verify: made with another key", "give the signer's")
