# SPDX-License-Identifier: Apache-2.0
"""lock-tampered."""

from __future__ import annotations

import base64

import pytest

from pipeline_guard.gate.checks.lock_tampered import RULE
from tests.unit.gate.checks.deps import change, problems, read, sample, text_of, whats
from tests.unit.gate.locks import COMMIT, HEX, OTHER512, SAMPLES, SHA256, SHA512, SRI

OTHER = "ef" * 32
LEFT = "https://registry.npmjs.org/left-pad/-/left-pad-1.3.0.tgz"


@pytest.mark.parametrize("path", [one.path for one in SAMPLES])
def test_an_unchanged_lock_passes(path: str) -> None:
    assert whats(RULE, change(path)) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "what"),
    [
        (
            "package-lock.json",
            f'1.3.0.tgz",\n      "integrity": "{SRI}"',
            f'1.3.0.tgz",\n      "integrity": "sha512-{OTHER512}"',
            "has another hash",
        ),
        ("package-lock.json", f'1.3.0.tgz",\n      "integrity": "{SRI}"', '1.3.0.tgz"', "lost its hash"),
        ("package-lock.json", LEFT, "https://evil.example/left-pad/-/left-pad-1.3.0.tgz", "is downloaded from evil.example now"),
        (
            "package-lock.json",
            f'"resolved": "{LEFT}"',
            f'"resolved": "git+https://evil.example/a.git#{COMMIT}"',
            "came from a registry and comes from git",
        ),
        ("package-lock.json", "git@github.com/o/c.git", "git@github.com/evil/c.git", "comes from another repository"),
        (
            "npm-shrinkwrap.json",
            f'a-1.0.0.tgz",\n      "integrity": "{SRI}"',
            f'a-1.0.0.tgz",\n      "integrity": "sha512-{OTHER512}"',
            "has another hash",
        ),
        ("yarn.lock", f'integrity {SRI}\n\n"left', f'integrity sha512-{OTHER512}\n\n"left', "has another hash"),
        ("berry/yarn.lock", "ab" * 64, "cd" * 64, "has another hash"),
        (
            "pnpm-lock.yaml",
            f"ms@2.1.3:\n    resolution: {{integrity: {SRI}}}",
            f"ms@2.1.3:\n    resolution: {{integrity: sha512-{OTHER512}}}",
            "has another hash",
        ),
        ("bun.lock", f'ms@2.1.3", "", {{}}, "{SRI}"', f'ms@2.1.3", "", {{}}, "sha512-{OTHER512}"', "has another hash"),
        ("uv.lock", f'none-any.whl", hash = "sha256:{HEX}"', f'none-any.whl", hash = "sha256:{OTHER}"', "has another hash"),
        (
            "uv.lock",
            "https://files.pythonhosted.org/packages/76",
            "https://evil.example/packages/76",
            "is downloaded from evil.example now",
        ),
        ("poetry.lock", f'none-any.whl", hash = "sha256:{HEX}"', f'none-any.whl", hash = "sha256:{OTHER}"', "has another hash"),
        ("pdm.lock", f'none-any.whl", hash = "sha256:{HEX}"', f'none-any.whl", hash = "sha256:{OTHER}"', "has another hash"),
        ("pylock.toml", f'sha256 = "{HEX}"', f'sha256 = "{OTHER}"', "has another hash"),
        (
            "Pipfile.lock",
            f'"hashes": [\n                "sha256:{HEX}"',
            f'"hashes": [\n                "sha256:{OTHER}"',
            "has another hash",
        ),
        ("conda-lock.yml", f"sha256: {HEX}\n    cat", f"sha256: {OTHER}\n    cat", "has another hash"),
        ("go.sum", f"v0.14.0 h1:{SHA256}", f"v0.14.0 h1:{'B' * 43}=", "has another hash"),
        ("Cargo.lock", HEX, OTHER, "has another hash"),
        ("Cargo.lock", "https://github.com/o/gitted", "https://github.com/evil/gitted", "comes from another repository"),
        ("Gemfile.lock", f"rake (13.0.6) sha256={HEX}", f"rake (13.0.6) sha256={OTHER}", "has another hash"),
        ("composer.lock", f'"reference": "{COMMIT}",\n', f'"reference": "{COMMIT[::-1]}",\n', "is another commit"),
        ("packages.lock.json", SHA512, OTHER512, "has another hash"),
        ("gradle/verification-metadata.xml", HEX, OTHER, "has another hash"),
        ("mix.lock", f'"hexpm", "{HEX}"', f'"hexpm", "{OTHER}"', "has another hash"),
        ("pubspec.lock", HEX, OTHER, "has another hash"),
        (".terraform.lock.hcl", f"h1:{SHA256}", f"h1:{'B' * 43}=", "has another hash"),
        (
            "package-lock.json",
            f'1.3.0.tgz",\n      "integrity": "{SRI}',
            f'1.3.0.tgz",\n      "integrity": "{SRI} sha512-{OTHER512}',
            "has another hash",
        ),
        (".terraform.lock.hcl", f"zh:{HEX}", f"zh:{OTHER}", "has another hash"),
        ("Package.resolved", COMMIT, COMMIT[::-1], "is another commit"),
        ("flake.lock", f"sha256-{SHA256}", f"sha256-{'B' * 43}=", "has another hash for the same commit"),
    ],
)
def test_another_hash_address_or_source_of_one_version_fails(path: str, old: str, new: str, what: str | None) -> None:
    found = whats(RULE, change(path, (old, new)))
    assert len(found) == (1 if what else 0)
    assert what is None or what in found[0]


def test_renaming_the_lock_hides_nothing() -> None:
    before, after = sample("Cargo.lock"), read("sub/Cargo.lock", text_of("Cargo.lock", (HEX, OTHER)))
    from pipeline_guard.gate.manifest.project import LockChange

    assert whats(RULE, LockChange("sub/Cargo.lock", after)) == []
    assert len(whats(RULE, LockChange("sub/Cargo.lock", after, None, (before,)))) == 1


def test_an_update_is_no_tampering() -> None:
    update = (("left-pad-1.3.0", "left-pad-1.3.1"), ('"version": "1.3.0"', '"version": "1.3.1"'), (SRI, f"sha512-{OTHER512}"))
    found = whats(RULE, change("package-lock.json", *update))
    assert [what for what in found if "left-pad" in what] == []


def test_a_new_wheel_of_the_same_version_is_no_tampering() -> None:
    old = f'    {{file = "idna-3.10.tar.gz", hash = "sha256:{HEX}"}},\n'
    new = old + f'    {{file = "idna-3.10-cp314-none-any.whl", hash = "sha256:{OTHER}"}},\n'
    assert whats(RULE, change("poetry.lock", (old, new))) == []


def test_another_public_registry_is_no_tampering_while_the_hash_stays() -> None:
    assert whats(RULE, change("package-lock.json", (LEFT, LEFT.replace("npmjs.org", "yarnpkg.com")))) == []


def test_the_line_and_the_way_back_are_told() -> None:
    (problem,) = problems(RULE, change("Cargo.lock", (HEX, OTHER)))
    assert (problem.location.line, problem.fix.split(",")[0]) == (6, "git checkout BASE -- Cargo.lock")


def test_a_flake_input_with_another_commit_and_the_old_hash_fails() -> None:
    assert len(whats(RULE, change("flake.lock", (COMMIT, "f" * 40)))) == 1
    assert whats(RULE, change("flake.lock", (COMMIT, "f" * 40), (SHA256, base64.b64encode(b"\x09" * 32).decode()))) == []
