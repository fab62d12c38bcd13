# SPDX-License-Identifier: Apache-2.0
"""lock-hash-missing."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.lock_hash_missing import RULE
from tests.unit.gate.checks.deps import problems, sample, whats
from tests.unit.gate.locks import HEX, HEX1, SAMPLES, SHA512, SRI


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_sound_locks_pass(path: str) -> None:
    assert whats(RULE, sample(path)) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "what"),
    [
        ("package-lock.json", f'left-pad-1.3.0.tgz",\n      "integrity": "{SRI}"', 'left-pad-1.3.0.tgz"', "left-pad 1.3.0"),
        ("npm-shrinkwrap.json", f'"integrity": "{SRI}",\n', "", "a 1.0.0"),
        ("yarn.lock", f'7.1.0.tgz#{HEX1}"\n  integrity {SRI}\n', '7.1.0.tgz"\n', "@babel/core 7.1.0"),
        ("berry/yarn.lock", f"  checksum: 10c0/{'ab' * 64}\n", "", "kind-of 6.0.3"),
        ("pnpm-lock.yaml", f"ms@2.1.3:\n    resolution: {{integrity: {SRI}}}", "ms@2.1.3:\n    resolution: {}", "ms 2.1.3"),
        ("bun.lock", f'["ms@2.1.3", "", {{}}, "{SRI}"]', '["ms@2.1.3", "", {}]', "ms 2.1.3"),
        ("deno.lock", f'"integrity": "{SRI}"', '"dependencies": []', "ms 2.1.3"),
        ("uv.lock", f'none-any.whl", hash = "sha256:{HEX}"', 'none-any.whl"', "idna 3.10"),
        ("poetry.lock", f', hash = "sha256:{HEX}"}},\n]', "},\n]", "idna 3.10"),
        ("Cargo.lock", f'checksum = "{HEX}"\n', "", "anyhow 1.0.86"),
        ("Gemfile.lock", f"  rake (13.0.6) sha256={HEX}\n", "  rake (13.0.6)\n", "rake 13.0.6"),
        ("packages.lock.json", f',\n        "contentHash": "{SHA512}"', "", "newtonsoft.json 13.0.3"),
        (".terraform.lock.hcl", f'    "zh:{HEX}",\n', "", None),
        ("conda-linux-64.lock", f"#sha256:{HEX}", "", "zlib 1.2.13"),
    ],
)
def test_an_entry_without_its_hash_fails(path: str, old: str, new: str, what: str | None) -> None:
    found = whats(RULE, sample(path, (old, new)))
    assert found == ([what] if what else [])


def test_a_python_package_without_any_file_fails() -> None:
    emptied = sample(
        "poetry.lock",
        (f'    {{file = "idna-3.10-py3-none-any.whl", hash = "sha256:{HEX}"}},\n', ""),
        (f'    {{file = "idna-3.10.tar.gz", hash = "sha256:{HEX}"}},\n', ""),
    )
    assert whats(RULE, emptied) == ["idna 3.10"]


def test_what_was_never_fetched_for_another_machine_has_no_hash() -> None:
    lock = sample("berry/yarn.lock", (f"  checksum: 10c0/{'ab' * 64}\n", "  conditions: os=darwin\n"))
    assert whats(RULE, lock) == []


def test_the_line_is_the_files_own() -> None:
    (problem,) = problems(RULE, sample("uv.lock", (f'none-any.whl", hash = "sha256:{HEX}"', 'none-any.whl"')))
    assert problem.location.line == 11
