# SPDX-License-Identifier: Apache-2.0
"""lock-name-mismatch."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_name_mismatch import RULE
from tests.unit.gate.checks.deps import sample, whats
from tests.unit.gate.locks import SAMPLES


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass_aliases_included(path: str) -> None:
    assert whats(RULE, sample(path)) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("package-lock.json", "/left-pad/-/left-pad-1.3.0.tgz", "/evil-pad/-/evil-pad-1.3.0.tgz"),
        ("package-lock.json", "/left-pad/-/left-pad-1.3.0.tgz", "/left-pad/-/left-pad-1.2.0.tgz"),
        ("package-lock.json", '"name": "kind-of",\n', ""),
        ("package-lock.json", "org/left-pad/-/", "org/@evil/left-pad/-/"),
        ("package-lock.json", "org/left-pad/-/", "org/evil%2f..%2fleft-pad/-/"),
        ("package-lock.json", "org/left-pad/-/", "org//evil.example/left-pad/-/"),
        ("yarn.lock", "/kind-of/-/kind-of-6.0.3.tgz", "/evil/-/evil-6.0.3.tgz"),
        ("uv.lock", "idna-3.10-py3", "evil-3.10-py3"),
        ("uv.lock", "idna-3.10.tar.gz", "idna-3.9.tar.gz"),
        ("uv.lock", "idna-3.10.tar.gz", "evil-3.10.tar.gz?a=/idna-3.10.tar.gz"),
        ("poetry.lock", "idna-3.10-py3", "idna-3.1-py3"),
        ("conda-linux-64.lock", "/linux-64/zlib", "/linux-64/zlib"),
        ("conda-lock.yml", "zlib-1.2.13-hd", "evil-1.2.13-hd"),
    ],
)
def test_another_packages_file_fails(path: str, old: str, new: str) -> None:
    assert len(whats(RULE, sample(path, (old, new)))) == (0 if old == new else 1)
