# SPDX-License-Identifier: Apache-2.0
"""lock-weak-hash."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_weak_hash import RULE
from tests.unit.gate.checks.deps import sample, whats
from tests.unit.gate.locks import HEX, SAMPLES, SHA256, SHA512, SRI


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass(path: str) -> None:
    assert whats(RULE, sample(path)) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "what"),
    [
        ("yarn.lock", f"\n  integrity {SRI}\n  dep", "\n  dep", "@babel/core 7.1.0 (sha1)"),
        ("bun.lock", f'{{}}, "{SRI}"],\n\n', '{}, "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA="],\n\n', "ms 2.1.3 (sha1)"),
        ("uv.lock", f'whl", hash = "sha256:{HEX}"', f'whl", hash = "md5:{"a" * 32}"', "idna 3.10 (md5)"),
        ("uv.lock", f'whl", hash = "sha256:{HEX}"', f'whl", hash = "sha256:{HEX[:-1]}"', "idna 3.10 (sha256, malformed)"),
        ("uv.lock", f'whl", hash = "sha256:{HEX}"', f'whl", hash = "sha256:{HEX[:-1]}g"', "idna 3.10 (sha256, malformed)"),
        ("uv.lock", f'whl", hash = "sha256:{HEX}"', 'whl", hash = "crc32:00"', "idna 3.10 (unknown algorithm 'crc32')"),
        ("Cargo.lock", HEX, HEX[:40], "anyhow 1.0.86 (sha256, malformed)"),
        ("go.sum", f"v0.14.0 h1:{SHA256}", f"v0.14.0 h1:{SHA256[:-2]}", "golang.org/x/text v0.14.0 (sha256, malformed)"),
        ("packages.lock.json", SHA512, SHA256, "newtonsoft.json 13.0.3 (sha512, malformed)"),
        ("conda-lock.yml", f"      sha256: {HEX}\n", "", "zlib 1.2.13 (md5)"),
        (
            "gradle/verification-metadata.xml",
            f'<sha256 value="{HEX}"',
            f'<sha1 value="{"a" * 40}"',
            "com.google.guava:guava 33.0.0-jre (sha1)",
        ),
    ],
)
def test_weak_and_malformed_hashes_fail(path: str, old: str, new: str, what: str) -> None:
    assert whats(RULE, sample(path, (old, new))) == [what]


def test_the_strongest_hash_of_a_file_counts() -> None:
    assert whats(RULE, sample("package-lock.json", (SRI, f"sha1-{'A' * 27}= {SRI}"))) == []
